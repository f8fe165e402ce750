/** Is told how many bytes are done by now. */
export type Told = (done: number) => void;
