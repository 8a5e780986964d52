import { icmp, icmp6 } from './packet.ts'

/*
 * The words that pfctl reads and lists for numbers: protocols as in FreeBSD's /etc/protocols, ports as in its /etc/services (those that are met;
 * any other is a number), types and codes of ICMP as in pfctl itself.
 */

const protocols: readonly (readonly [number, listed: string, alias?: string])[] = [
  [1, 'icmp'],
  [2, 'igmp'],
  [4, 'ipencap'],
  [6, 'tcp'],
  [17, 'udp'],
  [41, 'ipv6'],
  [47, 'gre'],
  [50, 'esp'],
  [51, 'ah'],
  [58, 'ipv6-icmp', 'icmp6'],
  [89, 'ospf'],
  [103, 'pim'],
  [112, 'carp'],
  [115, 'l2tp'],
  [132, 'sctp'],
  [136, 'udplite'],
  [240, 'pfsync'],
]

const services: readonly (readonly [number, string])[] = [
  [7, 'echo'],
  [20, 'ftp-data'],
  [21, 'ftp'],
  [22, 'ssh'],
  [23, 'telnet'],
  [25, 'smtp'],
  [37, 'time'],
  [53, 'domain'],
  [67, 'bootps'],
  [68, 'bootpc'],
  [69, 'tftp'],
  [79, 'finger'],
  [80, 'http'],
  [88, 'kerberos-sec'],
  [110, 'pop3'],
  [111, 'sunrpc'],
  [113, 'auth'],
  [119, 'nntp'],
  [123, 'ntp'],
  [143, 'imap'],
  [161, 'snmp'],
  [162, 'snmptrap'],
  [179, 'bgp'],
  [389, 'ldap'],
  [443, 'https'],
  [445, 'microsoft-ds'],
  [514, 'syslog'],
  [546, 'dhcpv6-client'],
  [547, 'dhcpv6-server'],
  [554, 'rtsp'],
  [587, 'submission'],
  [636, 'ldaps'],
  [853, 'domain-s'],
  [993, 'imaps'],
  [995, 'pop3s'],
  [2049, 'nfsd'],
  [3260, 'iscsi-target'],
  [3306, 'mysql'],
  [5060, 'sip'],
  [5432, 'postgresql'],
  [8080, 'http-alt'],
]

/** Of several words for one number the first is listed. */
const icmpTypes: Readonly<Record<number, readonly (readonly [number, string])[]>> = {
  [icmp]: [
    [0, 'echorep'],
    [3, 'unreach'],
    [4, 'squench'],
    [5, 'redir'],
    [6, 'althost'],
    [8, 'echoreq'],
    [9, 'routeradv'],
    [10, 'routersol'],
    [11, 'timex'],
    [12, 'paramprob'],
    [13, 'timereq'],
    [14, 'timerep'],
    [15, 'inforeq'],
    [16, 'inforep'],
    [17, 'maskreq'],
    [18, 'maskrep'],
    [30, 'trace'],
    [31, 'dataconv'],
    [32, 'mobredir'],
    [33, 'ipv6-where'],
    [34, 'ipv6-here'],
    [35, 'mobregreq'],
    [36, 'mobregrep'],
    [39, 'skip'],
    [40, 'photuris'],
  ],
  [icmp6]: [
    [1, 'unreach'],
    [2, 'toobig'],
    [3, 'timex'],
    [4, 'paramprob'],
    [128, 'echoreq'],
    [129, 'echorep'],
    [130, 'groupqry'],
    [130, 'listqry'],
    [131, 'grouprep'],
    [131, 'listenrep'],
    [132, 'groupterm'],
    [132, 'listendone'],
    [133, 'routersol'],
    [134, 'routeradv'],
    [135, 'neighbrsol'],
    [136, 'neighbradv'],
    [137, 'redir'],
    [138, 'routrrenum'],
    [139, 'wrureq'],
    [139, 'fqdnreq'],
    [140, 'wrurep'],
    [140, 'fqdnrep'],
    [200, 'mtraceresp'],
    [201, 'mtrace'],
  ],
}

const icmpCodes: Readonly<Record<number, readonly (readonly [type: number, code: number, string])[]>> = {
  [icmp]: [
    [3, 0, 'net-unr'],
    [3, 1, 'host-unr'],
    [3, 2, 'proto-unr'],
    [3, 3, 'port-unr'],
    [3, 4, 'needfrag'],
    [3, 5, 'srcfail'],
    [3, 6, 'net-unk'],
    [3, 7, 'host-unk'],
    [3, 8, 'isolate'],
    [3, 9, 'net-prohib'],
    [3, 10, 'host-prohib'],
    [3, 11, 'net-tos'],
    [3, 12, 'host-tos'],
    [3, 13, 'filter-prohib'],
    [3, 14, 'host-preced'],
    [3, 15, 'cutoff-preced'],
    [5, 0, 'redir-net'],
    [5, 1, 'redir-host'],
    [5, 2, 'redir-tos-net'],
    [5, 3, 'redir-tos-host'],
    [9, 0, 'normal-adv'],
    [9, 16, 'common-adv'],
    [11, 0, 'transit'],
    [11, 1, 'reassemb'],
    [12, 0, 'badhead'],
    [12, 1, 'optmiss'],
    [12, 2, 'badlen'],
  ],
  [icmp6]: [
    [1, 1, 'admin-unr'],
    [1, 0, 'noroute-unr'],
    [1, 2, 'notnbr-unr'],
    [1, 2, 'beyond-unr'],
    [1, 3, 'addr-unr'],
    [1, 4, 'port-unr'],
    [3, 0, 'transit'],
    [3, 1, 'reassemb'],
    [4, 0, 'badhead'],
    [4, 1, 'nxthdr'],
    [137, 0, 'redironlink'],
    [137, 1, 'redirrouter'],
  ],
}

/** As it is listed. */
export function protocolWord(protocol: number): string {
  return protocols.find(([number]) => number === protocol)?.[1] ?? String(protocol)
}

export function protocolOf(word: string): number | undefined {
  return numberIn(word, 255) ?? protocols.find(([, listed, alias]) => listed === word || alias === word)?.[0]
}

/** As a single port is listed; ranges are always in numbers. */
export function portWord(port: number): string {
  return services.find(([number]) => number === port)?.[1] ?? String(port)
}

export function portOf(word: string): number | undefined {
  return numberIn(word, 65_535) ?? services.find(([, name]) => name === word)?.[0]
}

/** `protocol` is 1 or 58, here and below. */
export function icmpTypeWord(protocol: number, type: number): string {
  return icmpTypes[protocol]?.find(([number]) => number === type)?.[1] ?? String(type)
}

export function icmpTypeOf(protocol: number, word: string): number | undefined {
  return numberIn(word, 255) ?? icmpTypes[protocol]?.find(([, name]) => name === word)?.[0]
}

export function icmpCodeWord(protocol: number, type: number, code: number): string {
  const known = icmpCodes[protocol]?.find(([ofType, number]) => ofType === type && number === code)
  return known?.[2] ?? String(code)
}

export function icmpCodeOf(protocol: number, type: number, word: string): number | undefined {
  const known = () => icmpCodes[protocol]?.find(([ofType, , name]) => ofType === type && name === word)
  return numberIn(word, 255) ?? known()?.[1]
}

function numberIn(word: string, most: number): number | undefined {
  if (!/^\d+$/.test(word)) return undefined
  return Number(word) <= most ? Number(word) : undefined
}
