/** Something that is wrong with a stack: where, and a sentence. */
export interface Fault {
  /** `['instances', 0, 'memory']` */
  path: readonly (string | number)[]
  message: string
}
