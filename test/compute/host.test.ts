import { computeHostSuite } from '../suites/compute-host.ts'
import { openInProcessHost } from '../support/compute-hosts.ts'

computeHostSuite('compute on a simulated machine', openInProcessHost)
