import { changedImagesSuite } from '../suites/changed-images.ts'

// A quarter of the changes; all of them take seconds of a core, and are tried by test/real/changed-images.test.ts.
changedImagesSuite(1 / 4)
