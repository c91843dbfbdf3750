package org.vm.kit;

import java.io.IOException;
import java.nio.file.Path;
import org.vm.kit.KitCommand.Placed;
import org.vm.kit.KitCommand.Surroundings;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code vmm new}. */
@Command(name = "new", description = "Makes a plugin's project, in a new folder here.",
        subcommands = {NewCommand.Device.class, NewCommand.Instructions.class})
final class NewCommand {
    @Option(names = {"-h", "--help"}, usageHelp = true, description = "Show this help.")
    private boolean help;

    private static int make(Kind kind, String name, Surroundings where) throws IOException {
        Path folder = new NewProject(kind, new ProjectName(name)).in(where.folder());
        where.out().println(kind.text + ", in " + where.folder().relativize(folder) + "/; its README.md says more");
        where.out().println("try it with:  vmm dev " + name + "    (beside: vmm run linux)");
        where.out().println("test it with: mvn verify    (in its folder)");
        return 0;
    }

    /** {@code vmm new device}. */
    @Command(name = "device", description = "A device: one class, its configuration, a test, a program for the guest.",
            footer = {"Example: vmm new device my-sensor", "         vmm new device my-card --pci"})
    static final class Device implements Placed {
        @Option(names = {"-h", "--help"}, usageHelp = true, description = "Show this help.")
        private boolean help;

        @Parameters(paramLabel = "NAME", description = "Its name, as in my-sensor; also that of the folder.")
        private String name;

        @ArgGroup
        private final Bus bus = new Bus();

        /** At most one of them. */
        static final class Bus {
            @Option(names = "--pci", description = "A PCI function; without it, a device with registers of its own.")
            private boolean pci;

            @Option(names = "--virtio", description = "A virtio device.")
            private boolean virtio;
        }

        @Override
        public int call(Surroundings where) throws IOException {
            return make(bus.pci ? Kind.PCI : bus.virtio ? Kind.VIRTIO : Kind.MMIO, name, where);
        }
    }

    /** {@code vmm new instructions}. */
    @Command(name = "instructions", description = "An instruction-set extension: its instructions, a test, a program for the guest.",
            footer = "Example: vmm new instructions my-ext")
    static final class Instructions implements Placed {
        @Option(names = {"-h", "--help"}, usageHelp = true, description = "Show this help.")
        private boolean help;

        @Parameters(paramLabel = "NAME", description = "Its name, as in my-ext; also that of the folder.")
        private String name;

        @Override
        public int call(Surroundings where) throws IOException {
            return make(Kind.INSTRUCTIONS, name, where);
        }
    }
}
