package org.vm.testing;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.vm.api.VmConfig;
import org.vm.api.cpu.ExecutionEngine;
import org.vm.api.device.MmioDevice;
import org.vm.api.pci.PciFunction;
import org.vm.device.pci.internal.PciHost;
import org.vm.api.isa.InstructionExtension;
import org.vm.device.riscv.internal.AclintMtimer;
import org.vm.device.riscv.internal.AclintSwi;
import org.vm.device.riscv.internal.Aplic;
import org.vm.device.riscv.internal.Clint;
import org.vm.device.riscv.internal.GoldfishRtc;
import org.vm.device.riscv.internal.Imsic;
import org.vm.device.riscv.internal.Plic;
import org.vm.device.riscv.internal.Syscon;
import org.vm.device.riscv.internal.Uart16550;
import org.vm.engine.interp.internal.Interpreter;
import org.vm.isa.riscv.internal.RiscvArchitecture;
import org.vm.machine.internal.Board;
import org.vm.machine.internal.Boot;
import org.vm.machine.internal.Image;
import org.vm.machine.internal.VirtualMachine;
import org.vm.mmu.internal.SoftMmuFactory;

/**
 * A real machine with the {@code virt} board, made with {@code new}: boots a guest inside a JUnit test.
 *
 * <pre>{@code
 * try (GuestMachine guest = GuestMachine.virt().memory(256 << 20).kernel(image).initrd(initramfs).start()) {
 *     guest.expect("# ", Duration.ofMinutes(2));
 *     guest.type("poweroff\n");
 *     assertEquals(0, guest.awaitEnd(Duration.ofMinutes(1)));
 * }
 * }</pre>
 */
public final class GuestMachine implements AutoCloseable {
    private final VirtualMachine machine;
    private final CapturedConsole console;

    private GuestMachine(VirtualMachine machine, CapturedConsole console) {
        this.machine = machine;
        this.console = console;
    }

    public static Builder virt() {
        return new Builder();
    }

    public VirtualMachine machine() {
        return machine;
    }

    /** The serial console. */
    public CapturedConsole console() {
        return console;
    }

    /** The PCI host bridge. */
    public PciHost pci() {
        return machine.devices().attachments().stream().map(a -> a.device() instanceof PciHost host ? host : null)
                .filter(Objects::nonNull).findFirst().orElseThrow();
    }

    /** As {@link CapturedConsole#expect}. */
    public String expect(String text, Duration timeout) {
        return console.expect(text, timeout);
    }

    /** As {@link CapturedConsole#type}. */
    public void type(String text) {
        console.type(text);
    }

    /** Waits for the guest to end. @return its exit status */
    public int awaitEnd(Duration timeout) {
        try {
            return machine.ended().get(timeout.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            throw new AssertionError(e.getCause().getMessage(), e.getCause());
        } catch (TimeoutException e) {
            String output = console.output();
            throw new AssertionError("the guest did not end within " + timeout.toSeconds() + " s; the output ends with:\n"
                    + output.substring(Math.max(0, output.length() - 3000)), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted while waiting for the guest to end", e);
        }
    }

    @Override
    public void close() {
        machine.close();
    }

    /** What the machine is made of. */
    public static final class Builder {
        private record Placed(MmioDevice device, long base, int irq) {}

        private record Card(PciFunction function, String place) {}

        private final List<Placed> devices = new ArrayList<>();
        private final List<Card> cards = new ArrayList<>();
        private final List<InstructionExtension> extensions = new ArrayList<>();
        private VmConfig config = VmConfig.riscv64("guest");
        private Optional<Image> kernel = Optional.empty();
        private Optional<Image> initrd = Optional.empty();
        private Optional<Image> firmware = Optional.empty();
        private String append = "";
        private Board board = Board.virt();
        private ExecutionEngine engine = new Interpreter();

        private Builder() {}

        /** Another board than {@code virt}. */
        public Builder board(Board other) {
            board = other;
            return this;
        }

        public Builder memory(long bytes) {
            config = config.withMemory(bytes);
            return this;
        }

        public Builder vcpus(int count) {
            config = config.withVcpus(count);
            return this;
        }

        public Builder kernel(Path file) {
            kernel = Optional.of(Image.of(file));
            return this;
        }

        public Builder kernel(byte[] bytes) {
            kernel = Optional.of(Image.of("of the test", bytes));
            return this;
        }

        public Builder initrd(Path file) {
            initrd = Optional.of(Image.of(file));
            return this;
        }

        public Builder initrd(byte[] bytes) {
            initrd = Optional.of(Image.of("of the test", bytes));
            return this;
        }

        /** M-mode firmware: an ELF file, or a binary that is loaded at the start of RAM. */
        public Builder firmware(Path file) {
            firmware = Optional.of(Image.of(file));
            return this;
        }

        public Builder firmware(byte[] bytes) {
            firmware = Optional.of(Image.of("of the test", bytes));
            return this;
        }

        public Builder append(String commandLine) {
            append = commandLine;
            return this;
        }

        /** A device in the next free slot. */
        public Builder device(MmioDevice device) {
            return device(device, -1, -1);
        }

        public Builder device(MmioDevice device, long base, int irq) {
            devices.add(new Placed(device, base, irq));
            return this;
        }

        /** A PCI function in the next free slot. */
        public Builder function(PciFunction function) {
            return function(function, "");
        }

        /** A PCI function at a place as {@link PciHost#plug} knows them. */
        public Builder function(PciFunction function, String place) {
            cards.add(new Card(function, place));
            return this;
        }

        public Builder engine(ExecutionEngine other) {
            engine = other;
            return this;
        }

        public Builder extension(InstructionExtension extension) {
            extensions.add(extension);
            return this;
        }

        /** The machine, not started. */
        public GuestMachine build() {
            VirtualMachine machine = new VirtualMachine(config, board, new Boot(kernel, initrd, firmware, append),
                    new SoftMmuFactory(), new RiscvArchitecture(), extensions);
            CapturedConsole console = new CapturedConsole();
            for (Board.Part part : board.parts()) {
                if (part.base() >= 0) {
                    MmioDevice device = device(part, console);
                    machine.devices().register(device, part.base(), part.irq());
                    if (device instanceof PciHost host) {
                        cards.forEach(card -> host.plug(card.function(), card.place()));
                    }
                }
            }
            for (Placed placed : devices) {
                machine.devices().register(placed.device(), placed.base(), placed.irq());
            }
            machine.engine(engine);
            return new GuestMachine(machine, console);
        }

        /** The machine, running. */
        public GuestMachine start() {
            GuestMachine guest = build();
            try {
                guest.machine.start();
            } catch (RuntimeException e) {
                guest.close();
                throw e;
            }
            guest.machine.ended().whenComplete((status, failure) ->
                    guest.console.end(guest.machine.reason().orElse("") + (failure == null ? "" : " " + failure.getMessage())));
            return guest;
        }

        private static MmioDevice device(Board.Part part, CapturedConsole console) {
            return switch (part.kind()) {
                case "org.vm.device.riscv.syscon" -> new Syscon(part.name());
                case "org.vm.device.riscv.rtc" -> new GoldfishRtc(part.name());
                case "org.vm.device.riscv.clint" -> new Clint(part.name());
                case "org.vm.device.riscv.mtimer" -> new AclintMtimer(part.name(), part.base());
                case "org.vm.device.riscv.swi" -> new AclintSwi(part.name(), part.properties().containsKey("supervisor")
                        ? AclintSwi.SUPERVISOR : AclintSwi.MACHINE);
                case "org.vm.device.riscv.plic" -> new Plic(part.name(), 1023);
                case "org.vm.device.riscv.aplic" -> new Aplic(part.name(), 1023, part.properties().containsKey("messages"));
                case "org.vm.device.riscv.imsic" -> new Imsic(part.name());
                case "org.vm.device.pci.host" -> new PciHost(part.name(), PciHost.Settings.VIRT.with(
                        Integer.parseInt(part.properties().getOrDefault("rootPorts", "8")),
                        PciHost.Settings.VIRT.interrupt()));
                case "org.vm.device.riscv.uart" -> new Uart16550(part.name(), console);
                default -> throw new IllegalArgumentException("the board has a part that this fixture does not know: " + part);
            };
        }
    }
}
