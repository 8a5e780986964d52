import { freebsdTools } from '../../platform/tools.ts'
import { arp } from './arp.ts'
import { dmesg } from './dmesg.ts'
import { dnsmasq } from './dnsmasq.ts'
import { fetch } from './fetch.ts'
import { freebsdVersion } from './freebsd-version.ts'
import { ifconfig } from './ifconfig.ts'
import { iostat } from './iostat.ts'
import { kill } from './kill.ts'
import { kldstat } from './kldstat.ts'
import { netstat } from './netstat.ts'
import { pfctl } from './pfctl.ts'
import { ps } from './ps.ts'
import { route } from './route.ts'
import { service } from './service.ts'
import { sha256 } from './sha256.ts'
import { sysctl } from './sysctl.ts'
import { sysrc } from './sysrc.ts'
import { tar } from './tar.ts'
import type { SimulatedTool } from './tool.ts'
import { uname } from './uname.ts'
import { xenstoreExists, xenstoreList, xenstoreLs, xenstoreRead, xenstoreRm, xenstoreWrite } from './xenstore.ts'
import { xentop } from './xentop.ts'
import { xl } from './xl.ts'
import { zfs } from './zfs.ts'
import { zpool } from './zpool.ts'

/** The programs of a simulated host, by their paths: those that Slipway's programs call, and those of install.sh. */
export const simulatedTools: Readonly<Record<string, SimulatedTool>> = {
  [freebsdTools['freebsd-version']]: freebsdVersion,
  [freebsdTools.arp]: arp,
  [freebsdTools.iostat]: iostat,
  [freebsdTools.netstat]: netstat,
  [freebsdTools.pfctl]: pfctl,
  [freebsdTools.dnsmasq]: dnsmasq,
  [freebsdTools.kill]: kill,
  [freebsdTools.ps]: ps,
  [freebsdTools.service]: service,
  [freebsdTools.sysctl]: sysctl,
  [freebsdTools.sysrc]: sysrc,
  [freebsdTools.uname]: uname,
  [freebsdTools.zfs]: zfs,
  '/sbin/dmesg': dmesg,
  '/sbin/ifconfig': ifconfig,
  '/sbin/kldstat': kldstat,
  '/sbin/route': route,
  '/sbin/sha256': sha256,
  '/sbin/zpool': zpool,
  '/usr/bin/fetch': fetch,
  '/usr/bin/tar': tar,
  '/usr/local/bin/xenstore-exists': xenstoreExists,
  '/usr/local/bin/xenstore-list': xenstoreList,
  '/usr/local/bin/xenstore-ls': xenstoreLs,
  '/usr/local/bin/xenstore-read': xenstoreRead,
  '/usr/local/bin/xenstore-rm': xenstoreRm,
  '/usr/local/bin/xenstore-write': xenstoreWrite,
  '/usr/local/sbin/xentop': xentop,
  '/usr/local/sbin/xl': xl,
}
