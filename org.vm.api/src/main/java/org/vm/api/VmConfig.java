package org.vm.api;

import java.util.Objects;

/**
 * What a machine is made of, apart from its devices.
 *
 * @param name         unique in the container; letters, digits, {@code - _ .}
 * @param architecture guest architecture
 * @param execMode     how guest code is executed at first
 * @param memoryBytes  guest RAM, a multiple of 4 KiB
 * @param vcpus        number of vCPUs, 1 to 64
 * @param jitThreshold entries of a block after which it is worth translating; 0: as the engine thinks fit
 * @param tlbEntries   entries of each software TLB for data, a power of two, 16 to 524288; those for code have a quarter
 */
public record VmConfig(String name, GuestArch architecture, ExecMode execMode, long memoryBytes, int vcpus,
        int jitThreshold, int tlbEntries) {

    public VmConfig {
        Objects.requireNonNull(architecture, "architecture");
        Objects.requireNonNull(execMode, "execMode");
        if (name == null || !name.matches("[A-Za-z0-9_.-]+")) {
            throw new ConfigurationException("machine name '" + name + "' must consist of letters, digits, - _ .");
        }
        if (memoryBytes < 1 << 20 || (memoryBytes & 0xFFF) != 0) {
            throw new ConfigurationException("memory of machine '" + name + "' is " + memoryBytes
                    + " bytes; it must be at least 1 MiB and a multiple of 4 KiB");
        }
        if (vcpus < 1 || vcpus > 64) {
            throw new ConfigurationException("machine '" + name + "' asks for " + vcpus + " vCPUs; 1 to 64 are possible");
        }
        if (jitThreshold < 0) {
            throw new ConfigurationException("JIT threshold of machine '" + name + "' is " + jitThreshold
                    + "; it must be at least 1, or 0 for the engine's own");
        }
        if (Integer.bitCount(tlbEntries) != 1 || tlbEntries < 16 || tlbEntries > 1 << 19) {
            throw new ConfigurationException("TLB size of machine '" + name + "' is " + tlbEntries
                    + "; it must be a power of two, 16 to 524288");
        }
    }

    /** A RISC-V machine with one vCPU, 256 MiB, hot code translated, and default thresholds. */
    public static VmConfig riscv64(String name) {
        return new VmConfig(name, GuestArch.RISCV64, ExecMode.HYBRID, 256L << 20, 1, 0, 4096);
    }

    public VmConfig withMode(ExecMode mode) {
        return new VmConfig(name, architecture, mode, memoryBytes, vcpus, jitThreshold, tlbEntries);
    }

    public VmConfig withMemory(long bytes) {
        return new VmConfig(name, architecture, execMode, bytes, vcpus, jitThreshold, tlbEntries);
    }

    public VmConfig withVcpus(int count) {
        return new VmConfig(name, architecture, execMode, memoryBytes, count, jitThreshold, tlbEntries);
    }
}
