package org.vm.api;

/** How guest code is executed; which of them a container offers depends on the engines installed. */
public enum ExecMode { INTERPRETER, JIT, HYBRID, ACCELERATED }
