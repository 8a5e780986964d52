import { killedRegistrySuite } from '../suites/killed-registry.ts'

/* All of it; `npm test` runs a sample. It needs nothing but Node, and stands here because of the many servers that it starts. */
killedRegistrySuite(() => true)
