# Asks for an address by DHCP from a source of its own choice, and prints what it is offered. usage: discover.py SOURCE MAC [OPTION-HEX]
import socket, sys

source, mac = sys.argv[1], bytes.fromhex(sys.argv[2].replace(':', ''))
options = bytes.fromhex(sys.argv[3]) if len(sys.argv) > 3 else b''
head = bytes([1, 1, 6, 0]) + b'slwy' + bytes(2) + b'\x80\x00' + bytes(16) + mac + bytes(10) + bytes(192)
packet = head + bytes.fromhex('63825363') + bytes([53, 1, 1]) + options + b'\xff'
hear = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
say = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for each, address in ((hear, ''), (say, source)):
    each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    each.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    each.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b'e0')
    each.bind((address, 68))
say.sendto(packet, ('255.255.255.255', 67))
hear.settimeout(3)
try:
    while True:
        answer = hear.recv(2048)
        if answer[0] == 2 and answer[4:8] == b'slwy':
            print(socket.inet_ntoa(answer[16:20]))
            break
except TimeoutError:
    print('nothing')
