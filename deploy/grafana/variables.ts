import {
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard'
import { datasource } from './panels/panel.ts'

/** Which Prometheus. */
export function datasourceVariable(): DatasourceVariableBuilder {
  return new DatasourceVariableBuilder('datasource').label('Prometheus').type('prometheus')
}

export interface VariableWords {
  name: string
  label: string
  /** "label_values(up, host)" */
  query: string
  /** `many`: none to all of them, all at first; `one`: exactly one. */
  choice: 'one' | 'many'
}

/** Values of a label in the time that is shown: what is silent now is still there to be chosen. */
export function labelVariable({ name, label, query, choice }: VariableWords): QueryVariableBuilder {
  const variable = new QueryVariableBuilder(name)
    .label(label)
    .datasource(datasource)
    .query({ query, refId: name })
    .definition(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.NaturalAsc)
  if (choice === 'one') return variable.multi(false).includeAll(false)
  // Not the list of all of them: a thousand names would make a query of many kilobytes.
  return variable
    .multi(true)
    .includeAll(true)
    .allValue('.+')
    .current({ selected: true, text: ['All'], value: ['$__all'] })
}

/** Each variable offers what those before it leave: channel, host, instance. Only hosts have both labels, from service discovery. */
export const channels = (): QueryVariableBuilder =>
  labelVariable({ name: 'channel', label: 'Channel', query: 'label_values(up{channel!=""}, channel)', choice: 'many' })

export const hosts = (choice: 'one' | 'many'): QueryVariableBuilder =>
  labelVariable({ name: 'host', label: 'Host', query: 'label_values(up{channel=~"$channel"}, host)', choice })

export const instances = (): QueryVariableBuilder =>
  labelVariable({
    name: 'instance',
    label: 'Instance',
    query: 'label_values(slipway_instance_info{channel=~"$channel",host=~"$host"}, instance_name)',
    choice: 'one',
  })
