"""An independent client, python-socketio: does the list of clients.test.mjs and says of each item, one JSON object a line,
how it went. `client.py URL TRANSPORTS SERIALIZER`; for the last item somebody must restart the server when asked to."""
import json
import os
import queue
import sys

import socketio

url, transports, serializer = sys.argv[1], sys.argv[2].split(','), sys.argv[3]
PATIENCE_S = 10
TEXTS = ['plain', 'Добрий день, ґанок і їжак', '👋🏽 👨‍👩‍👧', '"\\\n\u0001\u2028', '']
VALUES = [0, -1, 127, 128, 65536, 2**40, -(2**40), 1.5, -0.25, True, None, [], {}, {'а': [{'б': [1]}]}]
BYTES = [bytes([1, 2, 3]), b'', bytes(i & 255 for i in range(70_000))]

heard = queue.Queue()


def new_client():
    return socketio.Client(reconnection_delay=0.05, reconnection_delay_max=0.2, randomization_factor=0, serializer=serializer)


def listens(to, name, namespace='/'):
    to.on(name, lambda *args: heard.put((name, args)), namespace=namespace)


client = new_client()
for event in ('connect', 'disconnect', 'echo', 'answer', 'told'):
    listens(client, event)
client.on('question', lambda *args: ('так', *args))


def hears(wanted):
    """The arguments of the next event of that name; others before it are dropped."""
    while True:
        name, args = heard.get(timeout=PATIENCE_S)
        if name == wanted:
            return list(args)


def same(actual, wanted):
    if actual != wanted:
        raise AssertionError(f'{actual!r} is not {wanted!r}'[:1000])


def echoes(args):
    client.emit('echo', tuple(args))
    same(hears('echo'), args)


def connects():
    client.connect(url, transports=transports, namespaces=['/'], wait_timeout=PATIENCE_S)
    hears('connect')


def text_and_values():
    for text in TEXTS:
        echoes([text])
    echoes(TEXTS + VALUES)
    echoes(['ї' * 100_000])


def binary():
    for piece in BYTES:
        echoes([piece])
    echoes(['between', BYTES[0], {'deep': [{'down': BYTES[2]}]}, 1])


def acknowledgements():
    same(list(client.call('ask', ('ї', BYTES[0], {'a': 1}), timeout=PATIENCE_S)), ['ї', BYTES[0], {'a': 1}])
    client.emit('ask-me', ('як?', BYTES[0]))
    same(hears('answer'), ['так', 'як?', BYTES[0]])


def rooms():
    same(client.call('join', 'room', timeout=PATIENCE_S), True)
    client.emit('tell', ('room', 'ї', BYTES[0]))
    same(hears('told'), ['ї', BYTES[0]])


def transport():
    same(client.transport(), transports[-1])


def back_after_a_restart():
    print(json.dumps({'wants': 'restart'}), flush=True)
    hears('disconnect')
    hears('connect')
    echoes(['after'])


def namespaces():
    welcome, stranger = new_client(), new_client()
    listens(welcome, 'hello', '/guarded')
    welcome.connect(url, transports=transports, namespaces=['/guarded'], auth={'token': 't'}, wait_timeout=PATIENCE_S)
    same(hears('hello'), ['t'])
    listens(stranger, 'connect_error', '/guarded')
    stranger.connect(url, transports=transports, namespaces=['/guarded'], wait=False)
    same(hears('connect_error'), [{'message': 'no token', 'data': {'code': 'WHO'}}])


for item in (connects, text_and_values, binary, acknowledgements, rooms, transport, back_after_a_restart, namespaces):
    try:
        item()
        print(json.dumps({'item': item.__name__, 'ok': True}), flush=True)
    except Exception as error:  # whatever it is, it is the answer
        print(json.dumps({'item': item.__name__, 'ok': False, 'why': f'{type(error).__name__}: {error}'}), flush=True)
sys.stdout.flush()
os._exit(0)  # its threads wait for requests that nobody needs any more
