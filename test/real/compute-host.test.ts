import { computeHostSuite } from '../suites/compute-host.ts'
import { openProcessHost } from '../support/compute-hosts.ts'

computeHostSuite('compute on a simulated host whose programs are processes', openProcessHost)
