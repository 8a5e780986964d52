import { killedRegistrySuite } from '../suites/killed-registry.ts'

/*
 * A sample, because each case starts two servers: one before the bytes are a blob, one between the blob and its rows.
 * test/real/killed-registry.test.ts has them all, and is run by .ci/run.
 */
const sample = ['a push while bytes come', 'a push when the blob is there, before its rows are']
killedRegistrySuite((name) => sample.includes(name))
