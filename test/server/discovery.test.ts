import { expect, test } from 'vitest'
import type { HostDetail } from '../../src/contract/host.ts'
import { hostTargets, instanceTargets, type ScrapedInstance } from '../../src/monitor/discovery.ts'
import { report } from '../fleet/test-fleet.ts'

const host = (said: Parameters<typeof report>[0]): HostDetail => ({
  id: '0123456789abcdef',
  name: 'xen1',
  channel: 'stable',
  labels: { zone: 'a', 'rack.row-no': '7' },
  condition: 'healthy',
  versions: { compute: '1.2.0', 'nova-port': '2.0.0' },
  enrolledAt: '2026-11-22T12:00:00.000Z',
  lastSeenAt: null,
  generation: 1,
  desired: null,
  report: report(said),
})

const instance: ScrapedInstance = {
  id: '6f1b6c0e-0000-4000-8000-000000000001',
  name: 'shop.web',
  stack: 'shop',
  host: 'xen1',
  image: 'debian@12.4.0',
  labels: { 'metrics.port': '9100' },
  address: '192.0.2.5',
}

test('a host is told with its channel, versions, labels, condition and how it is spoken to', () => {
  expect(
    hostTargets([host({ metricsAddress: '[2001:db8::7]:9760', metricsScheme: 'https', agentVersion: '1.2.0' })]),
  ).toEqual([
    {
      targets: ['[2001:db8::7]:9760'],
      labels: {
        host: 'xen1',
        channel: 'stable',
        __scheme__: 'https',
        __meta_slipway_condition: 'healthy',
        __meta_slipway_agent_version: '1.2.0',
        __meta_slipway_version_compute: '1.2.0',
        __meta_slipway_version_nova_port: '2.0.0',
        __meta_slipway_label_zone: 'a',
        __meta_slipway_label_rack_row_no: '7',
      },
    },
  ])
})

test.each(['', '192.0.2.7', '192.0.2.7:0', '192.0.2.7:99999', '192.0.2.7:80/x', 'a b:80', 'http://a:80'])(
  'a host that says that its page is at %j costs only itself',
  (metricsAddress) => {
    expect(hostTargets([host({ metricsAddress }), host({ metricsAddress: 'xen1.example:9760' })])).toHaveLength(1)
  },
)

test('an instance is told when a label says where to scrape it', () => {
  const labels = { 'metrics.port': '8080', 'metrics.path': '/stats', team: 'shop' }
  expect(
    instanceTargets([
      { ...instance, labels, address: '2001:db8::5' },
      { ...instance, labels: {} },
    ]),
  ).toEqual([
    {
      targets: ['[2001:db8::5]:8080'],
      labels: {
        slipway_instance: 'shop.web',
        stack: 'shop',
        host: 'xen1',
        __metrics_path__: '/stats',
        __meta_slipway_uuid: instance.id,
        __meta_slipway_image: 'debian@12.4.0',
        __meta_slipway_label_metrics_port: '8080',
        __meta_slipway_label_metrics_path: '/stats',
        __meta_slipway_label_team: 'shop',
      },
    },
  ])
  expect(instanceTargets([instance])[0]?.labels).not.toHaveProperty('__metrics_path__')
  expect(instanceTargets([{ ...instance, address: undefined }])).toEqual([])
})
