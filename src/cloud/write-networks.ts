import type { Db } from '../database/open.ts'
import { newId } from '../platform/secret.ts'
import { addressText, parseAddress } from '../rules/address.ts'
import { firstFree } from './allocate.ts'
import type { Step } from './draft.ts'

/** A step of networks, security groups, floating IPs or port forwards. */
export type NetworkStep = Extract<
  Step,
  { do: `${'save' | 'remove'}-${'network' | 'group' | 'floating-ip' | 'forward'}` }
>

/** Writes one. @throws AppError conflict: no floating IP is free */
export async function writeNetworkStep(trx: Db, stack: string, step: NetworkStep): Promise<void> {
  switch (step.do) {
    case 'save-network':
    case 'save-group': {
      const table = step.do === 'save-network' ? 'networks' : 'security_groups'
      const values = { name: step.spec.name, spec: JSON.stringify(step.spec), wanted: 'present' }
      if (step.row) await trx.updateTable(table).set(values).where('id', '=', step.row.id).execute()
      else
        await trx
          .insertInto(table)
          .values({ id: newId(), stack, ...values })
          .execute()
      return
    }
    // What still has ports goes with the last of them.
    case 'remove-network':
    case 'remove-group': {
      const table = step.do === 'remove-network' ? 'networks' : 'security_groups'
      await trx.updateTable(table).set({ wanted: 'absent' }).where('id', '=', step.row.id).execute()
      return
    }
    case 'save-floating-ip':
      return saveFloatingIp(trx, stack, step)
    case 'remove-floating-ip':
      await trx.deleteFrom('floating_ips').where('id', '=', step.row.id).execute()
      return
    case 'save-forward': {
      const values = { name: step.key, spec: JSON.stringify(step.spec) }
      if (step.row) await trx.updateTable('port_forwards').set(values).where('id', '=', step.row.id).execute()
      else
        await trx
          .insertInto('port_forwards')
          .values({ id: newId(), stack, ...values })
          .execute()
      return
    }
    case 'remove-forward':
      await trx.deleteFrom('port_forwards').where('id', '=', step.row.id).execute()
  }
}

async function saveFloatingIp(
  trx: Db,
  stack: string,
  { spec, range, row, address: asked }: Extract<Step, { do: 'save-floating-ip' }>,
): Promise<void> {
  const fixed = asked === undefined ? undefined : parseAddress(asked)
  const address = fixed ? addressText(fixed) : await freeFloatingIp(trx, range)
  const values = { name: spec.name, range: range.name, address, spec: JSON.stringify(spec) }
  if (row) await trx.updateTable('floating_ips').set(values).where('id', '=', row.id).execute()
  else
    await trx
      .insertInto('floating_ips')
      .values({ id: newId(), stack, ...values })
      .execute()
}

async function freeFloatingIp(trx: Db, { name, range }: { name: string; range: string }): Promise<string> {
  const rows = await trx.selectFrom('floating_ips').select('address').execute()
  return firstFree({ range }, new Set(rows.map(({ address }) => address)), `the floating range ${name}`)
}
