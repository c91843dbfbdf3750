package org.vm.api;

/** Guest architectures. */
public enum GuestArch { RISCV64, ARM64, X86_64 }
