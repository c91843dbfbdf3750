package org.vm.api.cpu;

/** Why an engine came back. */
public enum ExitReason {
    /** Not an exit: go on. */
    CONTINUE,
    /** The instruction budget is used up. */
    BUDGET,
    /** The CPU waits for an interrupt (or is stopped); nothing to run until its attention is asked for. */
    WAIT,
    /** {@link Cpu#requestExit()} was called. */
    REQUESTED,
    /** The CPU is at a breakpoint of the debugger. */
    BREAKPOINT
}
