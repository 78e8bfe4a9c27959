# The guest's side: it runs the program, and answers what the judge asks of it. All of this is in the program's hands, and
# may be: whatever is sent from here is a value that a program might have returned.
import types

TASK, REQUESTS, REPLIES = 3, 4, 5

OPERATIONS = {
    'call': lambda x, *args, **named: x(*args, **named),
    'same': lambda x: x,
    'getattr': getattr, 'setattr': setattr, 'len': len, 'bool': bool, 'str': str, 'repr': repr, 'iter': iter, 'next': next,
    'getitem': lambda x, key: x[key],
    'setitem': lambda x, key, value: x.__setitem__(key, value),
    'contains': lambda x, item: item in x,
}


def print_to_nobody(*descriptors):
    quiet = os.open('/dev/null', os.O_WRONLY)
    for descriptor in descriptors:
        os.dup2(quiet, descriptor)
    os.close(quiet)


def run_as_script(code, given):
    """What the program prints when it is run anew with that text as its input: through descriptors, as some programs read 0 themselves."""
    with open('.stdin', 'wb') as file:
        file.write(given.encode('utf-8', 'surrogatepass'))
    for name, fd, flags in (('.stdin', 0, os.O_RDONLY), ('.stdout', 1, os.O_RDWR | os.O_CREAT | os.O_TRUNC)):
        opened = os.open(name, flags, 0o600)
        os.dup2(opened, fd)
        os.close(opened)
    sys.stdin, sys.stdout = open(0, encoding='utf-8', closefd=False), open(1, 'w', encoding='utf-8', closefd=False)
    module = sys.modules['__main__'] = types.ModuleType('__main__')
    module.exit = module.quit = sys.exit  # of the module site, which is not loaded here
    try:
        exec(code, module.__dict__)
    except SystemExit:
        pass
    finally:
        try:
            sys.stdout.flush()
        finally:
            print_to_nobody(1)
    with open('.stdout', 'rb') as file:
        return file.read().decode('utf-8', 'replace')


def main():
    kept = []

    def refer(x):
        kept.append(x)
        return len(kept) - 1

    def reply(kind, value, after=None):
        try:
            data = write_value([kind, value, after], refer)
        except BaseException as error:
            data = write_value(['error', [type(error).__name__, 'what it gave cannot be sent: ' + str(error)[:200]], None], refer)
        send(REPLIES, data)

    set_limits(read_task(TASK))
    reply('ready', None)
    task = read_task(TASK)
    os.close(TASK)
    print_to_nobody(1, 2)  # while it is tested
    module = sys.modules['program'] = types.ModuleType('program')
    del sys.modules['resource']
    code = None
    while True:
        request = receive(REQUESTS)
        try:
            operation, target, args, named = read_value(request, kept.__getitem__)
            if operation in ('define', 'run'):
                code = code or compiled(task['program'], 'program.py', task['trim'])
                if operation == 'define':
                    exec(code, module.__dict__)
                    reply('value', None)
                else:
                    reply('value', run_as_script(code, args[0]))
                continue
            before = write_value(args, refer)
            if type(target) is str:
                target = module.__dict__[target]
            else:
                target = target[0]
            value = OPERATIONS[operation](target, *args, **named)
        except BaseException as error:
            reply('error', [type(error).__name__, str(error)[:200]])
        else:
            changed = write_value(args, refer) != before
            reply('value', value, list(args) if changed else None)


try:
    main()
except EOFError:
    pass
