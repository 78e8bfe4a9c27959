# A program alone, for what it prints: the tool `python` of agents. As at a prompt, the value of a last line that is an expression is
# printed; an exception's last line is, too.
TASK, STATE = 3, 4


def main():
    set_limits(read_task(TASK))
    os.write(STATE, b'ready\n')
    task = read_task(TASK)
    os.close(TASK)
    os.close(STATE)
    import ast
    space = {'__name__': '__main__'}
    try:
        tree = ast.parse(task['program'], 'program.py')
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, 'program.py', 'exec'), space)
        value = eval(compile(ast.Expression(last.value), 'program.py', 'eval'), space) if last else None
        if value is not None:
            print(repr(value))
    except SystemExit:
        pass
    except BaseException as error:
        sys.stdout.flush()
        print('%s: %s' % (type(error).__name__, error), file=sys.stderr)


main()
