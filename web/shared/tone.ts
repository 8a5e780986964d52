/** How urgent something is. A colour goes with it, but never alone: a word and a picture say the same. */
export type Tone = 'good' | 'busy' | 'warn' | 'bad' | 'quiet'
