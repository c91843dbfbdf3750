package org.vm.bench.guest;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A program that runs machines, with the machine's console on its standard streams. */
interface Monitor {
    String name();

    /** How a machine with this initial RAM disk is started. */
    List<String> command(Path initrd, int vcpus);

    /** Variables that it is started with, beside the user's. */
    default Map<String, String> environment() {
        return Map.of();
    }

    /**
     * {@code ./vmm run linux}.
     *
     * @param environment see {@link #environment}
     */
    record Vmm(Path vmm, Optional<String> mode, Map<String, String> environment) implements Monitor {
        /** The same with another cache. */
        Vmm withCache(FreshCache cache) {
            return new Vmm(vmm, mode, cache.environment());
        }

        @Override
        public String name() {
            return "vmm";
        }

        @Override
        public List<String> command(Path initrd, int vcpus) {
            List<String> command = new ArrayList<>(List.of(vmm.toString(), "run", "linux", "--memory", MEMORY,
                    "--initrd", initrd.toString(), "--vcpus", Integer.toString(vcpus)));
            mode.ifPresent(word -> command.addAll(List.of("--engine", word)));
            return command;
        }
    }

    /** {@code qemu-system-riscv64}, its default processor, with the firmware that it brings. */
    record Qemu(Path qemu, GuestFiles guest) implements Monitor {
        @Override
        public String name() {
            return "qemu";
        }

        @Override
        public List<String> command(Path initrd, int vcpus) {
            return List.of(qemu.toString(), "-M", "virt", "-m", MEMORY, "-smp", Integer.toString(vcpus),
                    "-kernel", guest.kernel().toString(), "-initrd", initrd.toString(), "-append", guest.append(),
                    "-display", "none", "-monitor", "none", "-serial", "stdio", "-no-reboot");
        }
    }

    String MEMORY = "512M";
}
