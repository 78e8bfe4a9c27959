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
    quiet = os.open('/dev/null', os.O_WRONLY)  # nobody reads what a program prints while it is tested
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    os.close(quiet)
    module = sys.modules['program'] = types.ModuleType('program')
    del sys.modules['resource']
    try:
        exec(compiled(task['program'], 'program.py', task['trim']), module.__dict__)
        reply('defined', None)
    except BaseException as error:
        reply('error', [type(error).__name__, str(error)[:200]])
    while True:
        request = receive(REQUESTS)
        try:
            operation, target, args, named = read_value(request, kept.__getitem__)
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
