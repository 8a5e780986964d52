import { DashboardLinkBuilder, DashboardLinkType } from '@grafana/grafana-foundation-sdk/dashboard'

/** What all our dashboards are found by. */
export const tag = 'slipway'

/** To the other dashboards, with the same choices and the same time. */
export function toOthers(): DashboardLinkBuilder {
  return new DashboardLinkBuilder('Slipway')
    .type(DashboardLinkType.Dashboards)
    .tags([tag])
    .includeVars(true)
    .keepTime(true)
}

const kept = ['datasource:queryparam', 'channel:queryparam', '__url_time_range'].map((it) => `\${${it}}`).join('&')

/** From a line or a bar that has the label `host`. */
export function toHost(): DashboardLinkBuilder {
  return link('Show the host', `/d/slipway-host?${kept}&var-host=\${__field.labels.host}`)
}

/** From a row of a table that has a column of the label `host`. */
export function toHostOfRow(column: string): DashboardLinkBuilder {
  return link('Show the host', `/d/slipway-host?${kept}&var-host=\${__data.fields["${column}"]}`)
}

/** From a line or a bar that has the label `instance_name`. */
export function toInstance(): DashboardLinkBuilder {
  return link('Show the instance', `/d/slipway-instance?${kept}&var-instance=\${__field.labels.instance_name}`)
}

function link(title: string, url: string): DashboardLinkBuilder {
  return new DashboardLinkBuilder(title).type(DashboardLinkType.Link).url(url)
}
