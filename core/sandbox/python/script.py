# A program alone, for what it prints: the tool `python` of agents. It ends with its exception's last line, as Python does.
TASK, STATE = 3, 4


def main():
    set_limits(read_task(TASK))
    os.write(STATE, b'ready\n')
    task = read_task(TASK)
    os.close(TASK)
    os.close(STATE)
    space = {'__name__': '__main__'}
    try:
        exec(compile(task['program'], 'program.py', 'exec'), space)
    except SystemExit:
        pass
    except BaseException as error:
        sys.stdout.flush()
        print('%s: %s' % (type(error).__name__, error), file=sys.stderr)


main()
