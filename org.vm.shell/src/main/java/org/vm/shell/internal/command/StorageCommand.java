package org.vm.shell.internal.command;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.vm.api.ConfigurationException;
import org.vm.api.VmException;
import org.vm.api.backend.StorageMove;
import org.vm.api.backend.StorageMove.State;
import org.vm.api.backend.StorageMover;
import org.vm.api.machine.Machine;
import org.vm.shell.internal.text.ProgressLine;
import org.vm.shell.internal.text.Quantity;
import org.vm.shell.internal.text.Table;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Disks on their way to other storage. */
@Command(name = "storage-move", description = {"Moves a disk to other storage while the guest uses it: to a file, or to RAM.",
    "Without anything: what moves, and what has moved lately. Ctrl+C ends the waiting, not the move."},
        footer = {"Example: storage-move linux disk0 ram", "         storage-move linux disk0 file=new.img",
            "         storage-move linux disk0 --cancel",
            "A file that is not there is made. A disk in RAM is empty after a restart of the monitor."})
final class StorageCommand extends ShellCommand {
    private static final long LOOK_MILLIS = 100;

    @Parameters(paramLabel = "MACHINE", index = "0", arity = "0..1", description = "Name of the machine.")
    private String machineName;

    @Parameters(paramLabel = "DEVICE", index = "1", arity = "0..1", description = "Name of the disk.")
    private String deviceName;

    @Parameters(paramLabel = "TARGET", index = "2..*", arity = "0..*",
            description = "file=PATH, ram or ram=SIZE; and size=SIZE for a file that is to be larger than the disk.")
    private List<String> target = List.of();

    @Option(names = "--overwrite", description = "The file may be there already; what is in it is lost.")
    private boolean overwrite;

    @Option(names = "--cancel", description = "Ends the move; the disk stays where it is.")
    private boolean cancel;

    @Option(names = {"-b", "--background"}, description = "Do not wait for the end.")
    private boolean background;

    StorageCommand(Shell shell) {
        super(shell);
    }

    @Override
    protected void run() throws InterruptedException, ExecutionException {
        StorageMover mover = shell.services().require(StorageMover.class);
        if (machineName == null) {
            list(mover);
            return;
        }
        Machine machine = shell.machine(machineName);
        if (deviceName == null) {
            throw new ConfigurationException("which disk of machine '" + machine.name() + "'? see: devices " + machine.name());
        }
        if (cancel) {
            cancel(mover, machine);
            return;
        }
        StorageMove move = mover.move(machine.name(), deviceName, settings());
        if (background) {
            out.println("disk '" + deviceName + "' is on its way to " + move.to() + "; see: storage-move");
            return;
        }
        await(move);
        if (move.state() != State.DONE) {
            throw new VmException("disk '" + deviceName + "' is not moved to " + move.to() + ": " + move.detail());
        }
        out.println("disk '" + deviceName + "' is on " + move.to() + "; " + move.from() + " is no longer used");
    }

    private Map<String, Object> settings() {
        Map<String, Object> settings = new LinkedHashMap<>(
                DeviceCommands.settings(target.stream().filter(word -> !word.equals("ram")).toList()));
        if (target.contains("ram")) {
            settings.put("ram", "");
        }
        if (overwrite) {
            settings.put("overwrite", "true");
        }
        return settings;
    }

    private void cancel(StorageMover mover, Machine machine) throws InterruptedException, ExecutionException {
        StorageMove move = mover.moves().reversed().stream()
                .filter(m -> m.vm().equals(machine.name()) && m.disk().equals(deviceName) && !ended(m)).findFirst()
                .orElseThrow(() -> new ConfigurationException("disk '" + deviceName + "' of machine '" + machine.name()
                        + "' is not being moved; see: storage-move"));
        boolean cancelled = move.cancel();
        move.ended().toCompletableFuture().get();
        out.println(cancelled ? "disk '" + deviceName + "' stays on " + move.from()
                : "it was too late: disk '" + deviceName + "' is on " + move.to());
    }

    private static boolean ended(StorageMove move) {
        return move.ended().toCompletableFuture().isDone();
    }

    private void await(StorageMove move) throws InterruptedException, ExecutionException {
        ProgressLine line = new ProgressLine(out, shell.screen().terminal().isPresent());
        CompletableFuture<StorageMove> ended = move.ended().toCompletableFuture();
        while (true) {
            try {
                ended.get(LOOK_MILLIS, TimeUnit.MILLISECONDS);
                line.report("copying " + move.disk(), move.copied(), move.total());
                return;
            } catch (TimeoutException e) {
                line.report("copying " + move.disk(), move.copied(), move.total());
            }
        }
    }

    private void list(StorageMover mover) {
        Table table = new Table("DISK", "FROM", "TO", "COPIED", "STATE", "DETAIL").right(3);
        for (StorageMove move : mover.moves()) {
            table.row(move.vm() + "/" + move.disk(), move.from(), move.to(),
                    Quantity.percent(move.total() == 0 ? 1 : (double) move.copied() / move.total()),
                    move.state().name().toLowerCase(Locale.ROOT), move.detail());
        }
        if (table.isEmpty()) {
            out.println("no disk has been moved");
        } else {
            print(table);
        }
    }
}
