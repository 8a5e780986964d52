import { collectionStorm } from '../suites/collection-storm.ts'

collectionStorm()
