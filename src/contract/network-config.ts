import { type Static, Type } from 'typebox'
import { DaemonConfig } from './daemon-config.ts'
import { InterfaceName } from './instance.ts'

/** The file /usr/local/etc/slipway/network.yaml; a file that is not there means the defaults. */
export const NetworkConfig = Type.Object(
  {
    ...DaemonConfig.properties,
    /** The outside interface: what leaves the host is translated here, floating IPs are its aliases. Absent: that of the default route. */
    egress: Type.Optional(InterfaceName),
    /** The interface that VLANs are on. Absent: the outside interface. */
    trunk: Type.Optional(InterfaceName),
    /** All our PF anchors are below this one, whose four calls `host prepare` puts into pf.conf. */
    anchor: Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9.-]{0,29}$', default: 'org.openstack' }),
    /** A new generation that is not confirmed within this time is undone. */
    confirmSeconds: Type.Integer({ minimum: 10, maximum: 3600, default: 120 }),
    /** PF, bridges and settings are looked at this often, beside every change of what is desired. */
    pollSeconds: Type.Integer({ minimum: 1, maximum: 600, default: 10 }),
    /** The metadata service. `address` is put on lo0 while there are networks; false: none is run. */
    metadata: Type.Union(
      [
        Type.Literal(false),
        Type.Object(
          {
            address: Type.String({ pattern: '^[0-9.]{7,15}$', default: '169.254.169.254' }),
            port: Type.Integer({ minimum: 0, maximum: 65_535, default: 80 }),
          },
          { additionalProperties: false },
        ),
      ],
      { default: { address: '169.254.169.254', port: 80 } },
    ),
    /** Where programs are that are not where FreeBSD has them: `dnsmasq: /usr/sbin/dnsmasq`. */
    tools: Type.Record(Type.String({ pattern: '^[a-z][a-z0-9-]*$' }), Type.String({ pattern: '^/', maxLength: 1024 }), {
      default: {},
      additionalProperties: false,
    }),
  },
  { additionalProperties: false },
)
export type NetworkConfig = Static<typeof NetworkConfig>
