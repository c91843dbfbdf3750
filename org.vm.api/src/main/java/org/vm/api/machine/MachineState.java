package org.vm.api.machine;

/** Life of a machine. {@code STOPPED} machines can be started again, {@code FAILED} ones say why. */
public enum MachineState { CREATED, RUNNING, PAUSED, STOPPED, FAILED }
