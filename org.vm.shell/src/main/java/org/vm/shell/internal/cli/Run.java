package org.vm.shell.internal.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.jline.terminal.Terminal;
import org.vm.api.ConfigurationException;
import org.vm.api.DeviceException;
import org.vm.api.VmException;
import org.vm.api.backend.AttachableConsole;
import org.vm.api.backend.AttachableConsole.Attachment;
import org.vm.api.machine.Machine;
import org.vm.api.machine.MachineManager;
import org.vm.guest.ExecOutput;
import org.vm.guest.GuestExec;
import org.vm.shell.internal.command.Guest;
import org.vm.shell.internal.terminal.StreamSession;
import org.vm.shell.internal.terminal.TerminalSession;
import org.vm.shell.internal.terminal.TerminalSession.End;

/** One run of a guest: its machine is made, lives as long as the run, and is a machine like any other meanwhile. */
final class Run {
    private static final Duration CONSOLE_APPEARS = Duration.ofSeconds(20);
    private static final Duration PARTS_APPEAR = Duration.ofSeconds(3);
    private static final Duration LAST_WORDS = Duration.ofSeconds(30);
    private static final int OUTPUT_BACKLOG = 64 << 20;

    private final Host host;
    private final String name;
    private final Guest guest;
    private final List<RunCommand.Disk> disks;
    private final Optional<String> command;

    Run(Host host, String name, Guest guest, List<RunCommand.Disk> disks, Optional<String> command) {
        this.host = host;
        this.name = name;
        this.guest = guest;
        this.disks = disks;
        this.command = command;
    }

    /** @return the exit status */
    int call() throws Exception {
        MachineManager machines = host.machines();
        if (machines.find(name).isPresent()) {
            throw new ConfigurationException("there is a machine '" + name + "' already; choose another with --name");
        }
        Optional<Overlay> overlay = command.isEmpty() ? Optional.empty() : Optional.of(Overlay.of(command.get(), guest));
        try {
            Machine machine = machines.create(name, guest.properties());
            try {
                for (int i = 0; i < disks.size(); i++) {
                    machines.addDevice(name, "virtio.blk", "disk" + i, properties(disks.get(i)));
                    if (machine.devices().find("disk" + i).isEmpty()) {
                        throw new DeviceException("disk " + disks.get(i).file() + " is not in the machine: "
                                + machines.why("disk" + i).strip());
                    }
                }
                AttachableConsole console = host.consoles().await(name, null, CONSOLE_APPEARS);
                machine.start();
                awaitWhole(machine);
                return attend(machine, console, overlay);
            } finally {
                machine.stop();
                machines.delete(name);
            }
        } finally {
            if (overlay.isPresent()) {
                Files.deleteIfExists(overlay.get().initrd());
            }
        }
    }

    /** What the machine runs with may still be on its way; what never comes is reported instead of a silent terminal. */
    private static void awaitWhole(Machine machine) throws InterruptedException {
        long deadline = System.nanoTime() + PARTS_APPEAR.toNanos();
        for (List<String> missing = machine.missing(); !missing.isEmpty(); missing = machine.missing()) {
            if (System.nanoTime() > deadline) {
                throw new VmException("machine '" + machine.name() + "' cannot run: " + String.join("; ", missing));
            }
            TimeUnit.MILLISECONDS.sleep(20);
        }
    }

    private int attend(Machine machine, AttachableConsole console, Optional<Overlay> overlay) throws Exception {
        if (overlay.isPresent()) {
            return command(machine, console, overlay.get().exec());
        }
        if (host.terminal().isPresent()) {
            if (!interactive(machine, console, host.terminal().get())) {
                return 0;
            }
        } else {
            new StreamSession(host.in(), host.out(), guest.silence(), guest.farewell()).run(console, machine.ended());
        }
        return status(machine);
    }

    private static Map<String, Object> properties(RunCommand.Disk disk) {
        Map<String, Object> properties = new LinkedHashMap<>();
        properties.put("file", disk.file());
        properties.put("readOnly", disk.readOnly());
        return properties;
    }

    /** @return whether the machine ended by itself */
    private boolean interactive(Machine machine, AttachableConsole console, Terminal terminal) throws Exception {
        TerminalSession session = new TerminalSession(terminal);
        while (true) {
            End end = session.run(console, machine.ended());
            switch (end) {
                case ENDED -> {
                    return true;
                }
                case QUIT -> {
                    return false;
                }
                case SHELL, DETACHED -> host.prompt("machine '" + name + "' goes on; Ctrl-D or exit goes back to its"
                        + " console, help lists the commands\n");
            }
        }
    }

    private int command(Machine machine, AttachableConsole console, GuestExec exec) throws Exception {
        PrintStream err = host.err();
        ExecOutput output = exec.output(host.out(), err);
        try (Attachment attachment = console.attach(
                (bytes, offset, length) -> output.accept(ByteBuffer.wrap(bytes, offset, length)), OUTPUT_BACKLOG)) {
            int machineStatus = status(machine);
            attachment.drain(LAST_WORDS);
            if (output.status().isEmpty()) {
                throw new VmException(output.started() ? "the guest ended before the command did"
                        : "the guest ended (status " + machineStatus + ") without running the command; its console is above");
            }
            return output.status().getAsInt();
        }
    }

    private static int status(Machine machine) throws InterruptedException {
        try {
            return machine.ended().get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof VmException failure ? failure
                    : new VmException("machine '" + machine.name() + "' failed: " + e.getCause(), e.getCause());
        }
    }

    /** A command on its way into the guest, behind the initial RAM disk. */
    private record Overlay(GuestExec exec, Path initrd) {
        static Overlay of(String command, Guest guest) throws IOException {
            GuestExec exec = new GuestExec(command);
            Path initrd = Files.createTempFile("vmm-exec", ".cpio");
            exec.writeInitrd(Path.of((String) guest.properties().get("initrd")), initrd);
            guest.properties().put("initrd", initrd.toString());
            return new Overlay(exec, initrd);
        }
    }
}
