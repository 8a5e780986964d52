import { AnnotationQueryBuilder } from '@grafana/grafana-foundation-sdk/dashboard'
import { palette } from './palette.ts'
import { datasource } from './panels/panel.ts'

/**
 * Both say when by their value, not by when they were scraped: the mark stands where the thing happened. Grafana wants milliseconds.
 * @param where the hosts of the dashboard, as a selector: `host="$host"`
 */
export function annotations(where: string): AnnotationQueryBuilder[] {
  return [
    marks('Promotions', palette.good)
      .expr(
        'max by (channel, component, version) (slipway_channel_moved_timestamp_seconds{channel=~"$channel"}) * 1000',
      )
      .titleFormat('{{component}} {{version}} was promoted')
      .textFormat('The channel {{channel}} points to it since then.')
      .tagKeys('channel,component'),
    marks('Rollbacks', palette.bad)
      .expr(`slipway_last_update_timestamp_seconds{result="rolled-back",${where}} * 1000`)
      .titleFormat('{{host}} went back')
      .textFormat('{{component}}: {{reason}}. slipway host show {{host}} tells more.')
      .tagKeys('host,component,reason'),
  ]
}

function marks(name: string, color: string): AnnotationQueryBuilder {
  return new AnnotationQueryBuilder()
    .name(name)
    .datasource(datasource)
    .enable(true)
    .iconColor(color)
    .step('60s')
    .useValueForTime(true)
}
