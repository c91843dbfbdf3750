package org.vm.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vm.api.ExecMode;
import org.vm.api.VmException;
import org.vm.api.backend.AdjustableBackend;
import org.vm.api.backend.StorageMove;
import org.vm.api.backend.StorageMove.State;
import org.vm.api.machine.MachineManager;
import org.vm.backend.block.internal.LocalStorage;
import org.vm.device.virtio.internal.Blk;
import org.vm.device.virtio.internal.MmioTransport;
import org.vm.engine.interp.internal.Interpreter;
import org.vm.engine.jit.internal.JitEngine;
import org.vm.guest.FetchOptions;
import org.vm.guest.GuestImage;
import org.vm.guest.Progress;
import org.vm.guest.internal.DebianGuests;

/** A file system that Linux works on goes from file to RAM and back, and every file is what was written. */
@Tag("slow")
class StorageMoveTest {
    private static final long SIZE = 64L << 20;
    private static final int MOVES = 8;
    private static final Duration STEP = Duration.ofMinutes(10);
    /** Writes, copies, compares and deletes until it is told to stop; each of the workers in a folder of its own. */
    private static final String WORKER = "work() { mkdir -p w$1; while [ ! -e /stop ]; do for i in 1 2 3; do"
            + " dd if=/dev/urandom of=w$1/f$i bs=64k count=16 2>/dev/null; cp w$1/f$i w$1/g$i; sync;"
            + " echo 3 > /proc/sys/vm/drop_caches; cmp w$1/f$i w$1/g$i || echo MIS''MATCH; rm w$1/g$i; done;"
            + " echo round''done; done; }\n";

    private final LocalStorage storage = new LocalStorage();
    private final Map<String, Object> configuration = new HashMap<>(Map.of("vm", "guest", "name", "disk"));
    private final AtomicReference<AdjustableBackend> disk = new AtomicReference<>();

    /** Does with a changed configuration what a disk does. */
    private MachineManager manager() {
        return (MachineManager) Proxy.newProxyInstance(getClass().getClassLoader(), new Class<?>[] {MachineManager.class},
                (proxy, method, arguments) -> {
                    ((Map<?, ?>) arguments[2]).forEach((key, value) -> configuration.put(key.toString(), value));
                    assertTrue(disk.get().adjust(configuration));
                    return null;
                });
    }

    @Test
    void linuxWorksOnAFileSystemThatMovesFromFileToRamAndBack(@TempDir Path folder) throws Exception {
        Path image = Ext4Image.create(folder.resolve("disk.img"), SIZE);
        GuestImage linux;
        try {
            linux = DebianGuests.local().prepare("linux", FetchOptions.DEFAULT, Progress.SILENT);
        } catch (VmException e) {
            linux = Assumptions.abort("the guest cannot be had here: " + e.getMessage());
        }
        configuration.put("file", image.toString());
        storage.bindMachines(manager());
        disk.set((AdjustableBackend) storage.open(configuration));
        Path last = image;
        try (JitEngine engine = new JitEngine(new Interpreter(), ExecMode.HYBRID);
                GuestMachine guest = GuestMachine.virt().engine(engine).memory(512L << 20).vcpus(2).append(linux.append())
                .kernel(linux.kernel().orElseThrow()).initrd(linux.initrd().orElseThrow())
                .device(new MmioTransport(new Blk("disk", disk.get(), Blk.Settings.DEFAULT))).start()) {
            guest.expect("# ", STEP);
            guest.type("cd /mnt\n");
            guest.expect("/mnt# ", STEP);
            guest.type(WORKER);
            guest.expect("/mnt# ", STEP);
            guest.type("for j in 1 2 3; do work $j & done; echo began''all\n");
            guest.expect("beganall", STEP);
            for (int i = 0; i < MOVES; i++) {
                guest.expect("rounddone", STEP);
                Path next = folder.resolve("disk" + i + ".img");
                StorageMove move = storage.move("guest", "disk", i % 2 == 0 ? Map.of("ram", "") : Map.of("file", next.toString()));
                assertEquals(State.DONE, move.ended().toCompletableFuture().get(5, TimeUnit.MINUTES).state(), move.detail());
                if (i % 2 == 1) {
                    Files.delete(last);
                    last = next;
                }
            }
            guest.expect("rounddone", STEP);
            guest.type("touch /stop; wait; cd /; umount /mnt; echo un''mounted\n");
            guest.expect("unmounted", STEP);
            guest.type("poweroff -f\n");
            assertEquals(0, guest.awaitEnd(STEP));
            assertFalse(guest.console().output().contains("MISMATCH"), guest.console().output());
            assertFalse(guest.console().output().contains("EXT4-fs error"), guest.console().output());
            assertFalse(guest.console().output().contains("I/O error"), guest.console().output());
        }
        disk.get().close();
        Ext4Image.assertClean(last);
    }
}
