# Frames and values between the sandboxes and their supervisor; it stands in front of judge.py, guest.py and script.py.
# Values of builtin types travel, written with a tag each. Anything else stays where it is, as a number: nothing that is
# received can run code, which rules out pickle and marshal. No module of the standard library is imported that the
# interpreter has not loaded anyway, because each start pays for it.
import sys

sys.path = [folder for folder in sys.path if folder.startswith(sys.prefix) or folder.startswith(sys.base_prefix)]
import os
import resource

FRAME_MAX = 64 << 20


def read_exactly(fd, count):
    parts = []
    while count:
        part = os.read(fd, min(count, 1 << 20))
        if not part:
            raise EOFError
        parts.append(part)
        count -= len(part)
    return b''.join(parts)


def receive(fd):
    count = int.from_bytes(read_exactly(fd, 4), 'little')
    if count > FRAME_MAX:
        raise ValueError('a frame of %d bytes' % count)
    return read_exactly(fd, count)


def send(fd, data):
    if len(data) > FRAME_MAX:
        raise ValueError('a value of %d bytes' % len(data))
    rest = memoryview(len(data).to_bytes(4, 'little') + data)
    while rest:
        rest = rest[os.write(fd, rest):]


def write_value(value, refer):
    """The bytes of a value; `refer` gives the number of one that cannot travel."""
    out = []

    def put_all(tag, items):
        items = list(items)
        out.append(b'%c%d:' % (tag, len(items)))
        for item in items:
            put(item)

    def put(x):
        if x is None:
            out.append(b'N')
        elif x is True or x is False:
            out.append(b'T' if x else b'F')
        elif isinstance(x, int):
            out.append(b'i%x;' % int(x))
        elif isinstance(x, float):
            out.append(b'f%s;' % float.hex(x).encode())
        elif isinstance(x, str):
            data = str.encode(x, 'utf-8', 'surrogatepass')
            out.append(b's%d:' % len(data))
            out.append(data)
        elif isinstance(x, list):
            put_all(b'l', x)
        elif isinstance(x, tuple):
            put_all(b't', x)
        elif type(x).__module__ in EXACT and type(x).__name__ in EXACT[type(x).__module__]:
            out.append(b'x')
            put(type(x).__module__ + '.' + type(x).__name__)
            put(str(x) if type(x).__module__ != 'collections' else list(x) if type(x).__name__ == 'deque' else dict(x))
        elif isinstance(x, dict):
            out.append(b'd%d:' % len(x))
            for key in list(x):
                put(key)
                put(x[key])
        elif isinstance(x, (set, frozenset)):
            put_all(b'e' if isinstance(x, set) else b'z', x)
        elif isinstance(x, (bytes, bytearray)):
            out.append(b'%c%d:' % (b'b' if isinstance(x, bytes) else b'a', len(x)))
            out.append(bytes(x))
        elif isinstance(x, complex):
            out.append(b'c%s,%s;' % (float.hex(x.real).encode(), float.hex(x.imag).encode()))
        else:
            out.append(b'r%d;' % refer(x))

    put(value)
    return b''.join(out)


# Values of the standard library that tests compare with, made again from a text, a list or a dictionary.
EXACT = {'fractions': ('Fraction',), 'decimal': ('Decimal',), 'collections': ('deque', 'Counter', 'OrderedDict', 'defaultdict')}


def read_value(data, of_number):
    """The value of such bytes; `of_number` gives what a number stands for. Raises where they are not a value."""
    at = 0

    def upto(mark):
        nonlocal at
        end = data.index(mark, at)
        text = data[at:end]
        at = end + 1
        return text

    def block():
        nonlocal at
        count = int(upto(b':'))
        if count < 0 or at + count > len(data):
            raise ValueError('a value is cut')
        at += count
        return data[at - count:at]

    def items():
        return [take() for _ in range(int(upto(b':')))]

    def take():
        nonlocal at
        tag = data[at:at + 1]
        at += 1
        if tag == b'N':
            return None
        if tag == b'T' or tag == b'F':
            return tag == b'T'
        if tag == b'i':
            return int(upto(b';'), 16)
        if tag == b'f':
            return float.fromhex(upto(b';').decode())
        if tag == b's':
            return block().decode('utf-8', 'surrogatepass')
        if tag == b'l':
            return items()
        if tag == b't':
            return tuple(items())
        if tag == b'd':
            return {take(): take() for _ in range(int(upto(b':')))}
        if tag == b'e':
            return set(items())
        if tag == b'z':
            return frozenset(items())
        if tag == b'b':
            return block()
        if tag == b'a':
            return bytearray(block())
        if tag == b'c':
            return complex(float.fromhex(upto(b',').decode()), float.fromhex(upto(b';').decode()))
        if tag == b'x':
            name, value = take(), take()
            module, kind = name.split('.')
            if kind not in EXACT.get(module, ()):
                raise ValueError('a value of type ' + name)
            made = getattr(__import__(module), kind)
            return made(None, value) if kind == 'defaultdict' else made(value)
        if tag == b'r':
            return of_number(int(upto(b';')))
        raise ValueError('no value begins with %r' % tag)

    value = take()
    if at != len(data):
        raise ValueError('bytes behind a value')
    return value


def no_number(_):
    raise ValueError('a number in a value that may hold none')


def read_task(fd):
    return read_value(receive(fd), no_number)


def set_limits(limits):
    # Here, because RLIMIT_NPROC counts the processes of the user namespace that it is set in.
    for name, most in limits.items():
        number = getattr(resource, 'RLIMIT_' + name)
        resource.setrlimit(number, (most, most))
    if hasattr(sys, 'set_int_max_str_digits'):
        sys.set_int_max_str_digits(0)


def compiled(source, name, trim):
    """The program's code. trim: what stands behind the last whole statement of the outermost level is left out where it is
    not Python: the words after a program that was not fenced, or the rest of a reply that was cut."""
    while True:
        try:
            return compile(source, name, 'exec')
        except (SyntaxError, ValueError) as error:
            line = getattr(error, 'lineno', None)
            lines = source.splitlines(True)
            if not trim or not line:
                raise
            at = min(line, len(lines)) - 1
            while at > 0 and (not lines[at].strip() or lines[at][0] in ' \t)]}#'):
                at -= 1
            if not ''.join(lines[:at]).strip():
                raise
            source = ''.join(lines[:at])
