/** `node power-cut.ts GROUP`: kills a process group and all that its members started. The end of a leash. */
import { cutPower } from './processes.ts'

await cutPower(Number(process.argv[2]))
