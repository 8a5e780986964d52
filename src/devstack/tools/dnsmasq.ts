import { startDnsmasq } from '../dnsmasq.ts'
import { readSettings } from '../dnsmasq-files.ts'
import { saidOf } from './refused.ts'
import { prints, refuses } from './said.ts'
import type { SimulatedTool } from './tool.ts'

const prefix = '--conf-file='

/** dnsmasq(8), which goes into the background: `[--test] --conf-file=FILE`. */
export const dnsmasq: SimulatedTool = ({ arguments: words }, machine) =>
  saidOf(async () => {
    const [file, ...more] = words.filter((word) => word !== '--test')
    if (!file?.startsWith(prefix) || more.length > 0)
      return refuses(1, '', 'dnsmasq: bad command line options: try --help')
    const settings = await readSettings(file.slice(prefix.length))
    if (words.includes('--test')) return { ...prints(), stderr: 'dnsmasq: syntax check OK.\n' }
    await startDnsmasq(settings, ['/usr/local/sbin/dnsmasq', ...words].join(' '), machine)
    return prints()
  })
