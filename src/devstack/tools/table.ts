import { freebsdTools } from '../../platform/tools.ts'
import { fetch } from './fetch.ts'
import { freebsdVersion } from './freebsd-version.ts'
import { service } from './service.ts'
import { sha256 } from './sha256.ts'
import { sysctl } from './sysctl.ts'
import { sysrc } from './sysrc.ts'
import { tar } from './tar.ts'
import type { SimulatedTool } from './tool.ts'
import { uname } from './uname.ts'
import { zfs } from './zfs.ts'

/** The programs of a simulated host, by their paths: those that Slipway's programs call, and those of install.sh. */
export const simulatedTools: Readonly<Record<string, SimulatedTool>> = {
  [freebsdTools['freebsd-version']]: freebsdVersion,
  [freebsdTools.service]: service,
  [freebsdTools.sysctl]: sysctl,
  [freebsdTools.sysrc]: sysrc,
  [freebsdTools.uname]: uname,
  [freebsdTools.zfs]: zfs,
  '/sbin/sha256': sha256,
  '/usr/bin/fetch': fetch,
  '/usr/bin/tar': tar,
}
