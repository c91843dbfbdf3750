package org.vm.bench.guest;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A program that runs machines, with the machine's console on its standard streams. */
interface Monitor {
    String name();

    /** How a machine with this initial RAM disk is started. */
    List<String> command(Path initrd, int vcpus);

    /** {@code ./vmm run linux}. */
    record Vmm(Path vmm, Optional<String> mode) implements Monitor {
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
