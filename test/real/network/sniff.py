# Prints the IP packets of an interface as lines of JSON, until it is ended. usage: sniff.py INTERFACE
import ipaddress, json, socket, sys

everything, outgoing = 3, 4
raw = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(everything))
raw.bind((sys.argv[1], everything))
print('"ready"', flush=True)
while True:
    try:
        data, (_, protocol, kind, *_) = raw.recvfrom(65535)
    except OSError:
        # The interface went down, and comes back.
        continue
    if protocol == 0x0800:
        at, number, ends = (data[0] & 15) * 4, data[9], (data[12:16], data[16:20])
    elif protocol == 0x86DD:
        at, number, ends = 40, data[6], (data[8:24], data[24:40])
    else:
        continue
    packet = {'sent': kind == outgoing, 'protocol': number, 'bytes': len(data)}
    packet['source'], packet['destination'] = [str(ipaddress.ip_address(end)) for end in ends]
    if number in (6, 17):
        packet['sourcePort'], packet['destinationPort'] = [int.from_bytes(data[at + i:at + i + 2], 'big') for i in (0, 2)]
    if number == 6:
        packet['flags'] = data[at + 13]
    if number in (1, 58):
        packet['type'] = data[at]
    print(json.dumps(packet), flush=True)
