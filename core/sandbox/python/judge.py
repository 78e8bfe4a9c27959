# The judge's side: it runs the data set's tests, whose calls of the program go to the guest. Nothing that a model wrote runs
# here, so what this says at the end cannot be forged; of the guest only values come.
import builtins

TASK, REPLIES, REQUESTS, VERDICT = 3, 4, 5, 6
PLAIN = (type(None), bool, int, float, complex, str, bytes, bytearray, list, tuple, dict, set, frozenset)
over = None  # why no more can be asked


class Over(BaseException):  # no Exception, so that no test's `except` takes it for one of the program
    pass


class Untestable(BaseException):
    pass


def give_up(kind, reason):
    global over
    over = over or (kind, reason)
    raise kind(reason)


def exchange(request):
    if over:
        raise over[0](over[1])
    try:
        if request is not None:
            send(REQUESTS, request)
        kind, value, after = read_value(receive(REPLIES), Foreign)
        return kind, value, after
    except (EOFError, OSError):
        give_up(Over, 'the program ended')
    except (ValueError, TypeError, KeyError, IndexError, ArithmeticError, AttributeError, RecursionError, MemoryError) as error:
        give_up(Over, 'the program broke the exchange of values: %s' % type(error).__name__)


def value_of(reply):
    kind, value, _ = reply
    if kind != 'error':
        return value
    if type(value) is not list or [type(part) for part in value] != [str, str]:
        give_up(Over, 'the program broke the exchange of values')
    name, text = value
    known = getattr(builtins, name, None)
    if isinstance(known, type) and issubclass(known, Exception):
        try:
            error = known(text)
        except TypeError:  # UnicodeDecodeError and its like take more
            error = Exception('%s: %s' % (name, text))
    else:
        error = Exception('%s: %s' % (name, text))
    raise error


def ask(operation, target, args=(), named={}):
    def refer(x):
        if isinstance(x, Foreign):
            return object.__getattribute__(x, 'number')
        give_up(Untestable, 'the tests pass an object of their own to the program (%s)' % type(x).__name__)

    reply = exchange(write_value([operation, target, list(args), named], refer))
    if reply[0] == 'value' and type(reply[2]) is list:
        for mine, theirs in zip(args, reply[2]):  # what the call did to its arguments
            if type(mine) is not type(theirs):
                continue
            if type(mine) is list or type(mine) is bytearray:
                mine[:] = theirs
            elif type(mine) is dict or type(mine) is set:
                mine.clear()
                mine.update(theirs)
    return value_of(reply)


class Foreign:
    """An object that stays in the guest: it can be used, and equals nothing that the tests have."""

    def __init__(self, number):
        object.__setattr__(self, 'number', number)

    def __call__(self, *args, **named):
        return ask('call', [self], args, named)

    def __getattr__(self, name):
        if name.startswith('__') and name.endswith('__'):
            raise AttributeError(name)
        return ask('getattr', [self], [name])

    def __setattr__(self, name, value):
        ask('setattr', [self], [name, value])

    def __getitem__(self, key):
        return ask('getitem', [self], [key])

    def __setitem__(self, key, value):
        ask('setitem', [self], [key, value])

    def __contains__(self, item):
        return ask('contains', [self], [item]) is True

    def __len__(self):
        return ask('len', [self])

    def __bool__(self):
        return ask('bool', [self]) is True

    def __str__(self):
        return ask('str', [self])

    def __repr__(self):
        return ask('repr', [self])

    def __iter__(self):
        return ask('iter', [self])

    def __next__(self):
        return ask('next', [self])

    def __eq__(self, other):
        if isinstance(other, PLAIN):
            return False
        if other is self:
            return True
        give_up(Untestable, 'the tests compare objects that cannot leave the program')

    def __ne__(self, other):
        return not self == other

    def __hash__(self):
        return object.__hash__(self)


def names_of(source, only_bound):
    import symtable
    found, tables = set(), [symtable.symtable(source, 'names', 'exec')]
    while tables:
        table = tables.pop()
        found.update(s.get_name() for s in table.get_symbols() if not only_bound or s.is_assigned() and not s.is_imported())
        if not only_bound:
            tables += table.get_children()
    return found


def with_exact_types(source):
    """The tests with `assert a == b` true only where the types are equal, too, all the way down."""
    import ast

    class Exactly(ast.NodeTransformer):
        def visit_Assert(self, node):
            test = node.test
            if isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq):
                called = ast.Name('_equal_with_types', ast.Load())
                node.test = ast.copy_location(ast.Call(called, [test.left, test.comparators[0]], []), test)
            return node

    return ast.fix_missing_locations(Exactly().visit(ast.parse(source)))


def equal_with_types(a, b):
    if type(a) is not type(b):
        return False
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(equal_with_types, a, b))
    if isinstance(a, (dict, set, frozenset)):
        if len(a) != len(b):
            return False
        left = list(b.items() if isinstance(b, dict) else b)
        for item in a.items() if isinstance(a, dict) else a:
            match = next((i for i, other in enumerate(left) if equal_with_types(item, other)), None)
            if match is None:
                return False
            del left[match]
        return True
    return a == b


def close_to(a, b, tolerance):
    """numpy's allclose with rtol 1e-7, over numbers in lists."""
    if isinstance(b, (list, tuple)):
        return isinstance(a, (list, tuple)) and len(a) == len(b) and all(close_to(x, y, tolerance) for x, y in zip(a, b))
    number = (bool, int, float)
    return isinstance(a, number) and isinstance(b, number) and (a == b or abs(a - b) <= tolerance + 1e-7 * abs(b))


def with_integers(x):
    """Integers beyond 64 bits, which come as texts."""
    if isinstance(x, list):
        return [with_integers(item) for item in x]
    return int(x) if isinstance(x, str) and len(x) > 18 and x.lstrip('-').isdigit() else x


def check_by_reference(candidate, source, name, inputs, tolerance, root_of=None):
    """EvalPlus' tests: the program gives for each input what the data set's own program gives, floats within the tolerance.
    root_of: what a result must be a root of, given the input, where it need not be equal."""
    import copy
    space = {}
    exec(compile(source, 'reference.py', 'exec'), space)
    for number, given in enumerate(inputs):
        try:
            try:
                expected = space[name](*copy.deepcopy(given))
            except TypeError:
                given = with_integers(given)
                expected = space[name](*copy.deepcopy(given))
        except Exception as error:
            give_up(Untestable, 'the data set\'s own program fails on input %d: %s' % (number, error))
        result = candidate(*given)
        what = 'input %d: %.200r' % (number, given)
        if root_of is not None:
            assert abs(root_of(*given, result)) <= tolerance, what
            continue
        floats = isinstance(expected, float) or isinstance(expected, (list, tuple)) and expected and all(isinstance(x, float) for x in expected)
        if tolerance == 0 and floats:
            tolerance = 1e-6
        if result == expected:
            continue
        assert tolerance != 0 and type(result) is type(expected) and close_to(result, expected, tolerance), what


def run_program(given):
    """What the program prints as a script of its own, with that text as its input."""
    return ask('run', None, [given])


def same_output(given, wanted):
    """Line by line without blanks around; numbers count by their value."""
    given, wanted = ([line.strip() for line in text.strip().split('\n')] for text in (given, wanted))
    if len(given) != len(wanted):
        return False
    for mine, theirs in zip(given, wanted):
        if mine == theirs:
            continue
        try:
            from decimal import Decimal
            if [Decimal(x) for x in mine.split()] == [Decimal(x) for x in theirs.split()]:
                continue
        except ArithmeticError:
            pass
        return False
    return True


def packed_tests(text):
    """LiveCodeBench's private tests: JSON, or JSON as a pickled text, deflated, in base64. A pickle is read for the text in it and never
    run."""
    import json
    try:
        return json.loads(text)
    except ValueError:
        import base64
        import pickletools
        import zlib
    operations = list(pickletools.genops(zlib.decompress(base64.b64decode(text))))
    texts = [argument for operation, argument, _ in operations if 'UNICODE' in operation.name]
    others = {operation.name for operation, _, _ in operations if 'UNICODE' not in operation.name}
    if len(texts) != 1 or not others <= {'PROTO', 'FRAME', 'MEMOIZE', 'PUT', 'BINPUT', 'LONG_BINPUT', 'STOP'}:
        raise ValueError('the pickle holds something else than a text')
    return json.loads(texts[0])


def check_inputs_and_outputs(public, private, metadata, solution=None):
    """LiveCodeBench's tests: a method of the class Solution, where the metadata name one, else a script that reads and prints."""
    import json
    try:
        tests = json.loads(public) + packed_tests(private)
        name = json.loads(metadata or '{}').get('func_name')
        tests = [([json.loads(line) for line in test['input'].split('\n')], json.loads(test['output'])) if name else (test['input'], test['output'])
                 for test in tests]
    except Exception as error:
        give_up(Untestable, 'the row\'s tests cannot be read: %s: %s' % (type(error).__name__, error))
    for number, (given, wanted) in enumerate(tests):
        what = 'input %d: %.200r' % (number, given)
        if not name:
            assert same_output(run_program(given), wanted), what
            continue
        result = getattr(solution(), name)(*given)
        assert (list(result) if isinstance(result, tuple) else result) == wanted, what


def line_of(error, sources):
    """The line of the tests that raised."""
    where, trace = '', error.__traceback__
    while trace:
        lines = sources.get(trace.tb_frame.f_code.co_filename)
        if lines and 0 < trace.tb_lineno <= len(lines):
            where = lines[trace.tb_lineno - 1].strip()
        trace = trace.tb_next
    return where[:200]


def run(task):
    space = {'__name__': 'tests', '_equal_with_types': equal_with_types, 'check_by_reference': check_by_reference,
             'run_program': run_program, 'check_inputs_and_outputs': check_inputs_and_outputs}
    tests = task['tests']
    sources = {'tests.py': tests.splitlines()}
    try:
        exec(compile(task['prepare'], 'prepare.py', 'exec'), space)
        names = task['names'] or sorted(names_of(task['reference'], True) & names_of(tests, False))
        code = compile(with_exact_types(tests) if task['types'] else tests, 'tests.py', 'exec')
        if task['data']:
            import json
            space.update(json.loads(task['data']))
    except Exception as error:
        return 'untestable the data set\'s own tests cannot be read: %s: %s' % (type(error).__name__, error)
    try:
        if task['names'] or task['reference']:  # else it is a script, which the tests run
            ask('define', None)
        for name in names:
            space.pop(name, None)
            try:
                space[name] = ask('same', name)
            except KeyError:
                pass
        exec(code, space)
        if over:
            raise over[0](over[1])
        return 'passed'
    except Untestable as error:
        return 'untestable %s' % error
    except Over as error:
        return 'failed %s' % error
    except AssertionError as error:
        return 'wrong %s' % (str(error)[:300] if str(error).startswith('input ') else line_of(error, sources) or error)
    except BaseException as error:
        where = line_of(error, sources)
        return 'failed %s: %s%s' % (type(error).__name__, str(error)[:300], where and ' (%s)' % where)


set_limits(read_task(TASK))
exchange(None)
os.write(VERDICT, b'ready\n')
verdict = run(read_task(TASK))
os.write(VERDICT, verdict.replace('\n', ' ').encode('utf-8', 'backslashreplace')[:2000] + b'\n')
os._exit(0)
