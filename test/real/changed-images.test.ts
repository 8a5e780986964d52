import { changedImagesSuite } from '../suites/changed-images.ts'

/* All of it; `npm test` tries a quarter. */
changedImagesSuite(1)
