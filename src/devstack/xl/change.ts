import { Refused } from '../tools/refused.ts'
import { prints, refuses } from '../tools/said.ts'
import { libxlError } from '../xen/libxl-errors.ts'
import { domainOf, memoryKiB, options, type XlCommand } from './command.ts'

const missing = (domid: number) => new Refused(1, `Domain ${domid} does not exist.`)

/** `xl mem-set DOMAIN SIZE`: what the guest should have; one that has no driver for it keeps what it has, and xl is content. */
export const memSet: XlCommand = (call) => {
  const [word = '', size = ''] = options(call, '', 2).words
  const domain = domainOf(call.machine, word, missing)
  const wanted = memoryKiB(size)
  if (wanted === undefined) return refuses(1, `invalid memory size: ${size}`)
  if (wanted > domain.config.maxMemoryKiB)
    return refuses(
      1,
      libxlError(
        'libxl_mem.c:260:libxl_set_memory_target',
        domain.id,
        'memory_dynamic_max must be less than or equal to memory_static_max',
      ),
      `cannot set domid ${domain.id} dynamic max memory to : ${size}`,
    )
  call.machine.hypervisor.setTarget(domain, wanted)
  return prints()
}

/** `xl mem-max DOMAIN SIZE` */
export const memMax: XlCommand = (call) => {
  const [word = '', size = ''] = options(call, '', 2).words
  const domain = domainOf(call.machine, word, missing)
  const wanted = memoryKiB(size)
  if (wanted === undefined) return refuses(1, `invalid memory size: ${size}`)
  if (wanted < domain.targetKiB)
    return refuses(
      1,
      libxlError(
        'libxl_mem.c:63:libxl_domain_setmaxmem',
        domain.id,
        'memory_static_max must be greater than or or equal to memory_dynamic_max',
      ),
      `cannot set domid ${domain.id} static max memory to : ${size}`,
    )
  domain.config.maxMemoryKiB = wanted
  return prints()
}

/** `xl vcpu-set [-i] DOMAIN COUNT` */
export const vcpuSet: XlCommand = (call) => {
  const [word = '', count = ''] = options(call, 'i', 2).words
  const domain = domainOf(call.machine, word, missing)
  const wanted = Number(count)
  if (!/^[0-9]+$/.test(count)) return refuses(1, 'Error: Invalid argument.')
  const most = domain.config.maxVcpus ?? 1
  if (wanted > most)
    return refuses(
      1,
      libxlError(
        'libxl_domain.c:1834:libxl_set_vcpuonline',
        domain.id,
        `Requested ${wanted} VCPUs, however maxcpus is ${most}!`,
      ),
      `libxl_set_vcpuonline failed domid=${domain.id} max_vcpus=${wanted}, rc: -3`,
    )
  if (domain.guest.phase() === 'up') domain.onlineVcpus = Math.max(1, wanted)
  domain.config.vcpus = wanted
  return prints()
}

/** `xl rename DOMAIN NAME` */
export const rename: XlCommand = (call) => {
  const [word = '', name = ''] = options(call, '', 2).words
  const domain = domainOf(call.machine, word, missing)
  if (call.machine.hypervisor.byName(name))
    return refuses(
      1,
      libxlError('libxl_domain.c:81:libxl__domain_rename', domain.id, `Domain with name "${name}" already exists.`),
      `Can't rename domain '${word}'.`,
    )
  domain.config = { ...domain.config, name }
  return prints()
}
