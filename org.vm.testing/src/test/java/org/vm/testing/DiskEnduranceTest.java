package org.vm.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vm.api.VmException;
import org.vm.backend.block.internal.FileBlockBackend;
import org.vm.device.virtio.internal.Blk;
import org.vm.device.virtio.internal.MmioTransport;
import org.vm.guest.FetchOptions;
import org.vm.guest.GuestImage;
import org.vm.guest.Progress;
import org.vm.guest.internal.DebianGuests;

/** An ext4 file system on {@code /dev/vda} under file work by four harts, checked by the guest as it goes and by the host after it. */
@Tag("slow")
class DiskEnduranceTest {
    private static final long SIZE = 512L << 20;
    private static final Duration WORK = Duration.ofMinutes(Integer.getInteger("vm.endurance.minutes", 10));
    private static final Duration STEP = Duration.ofMinutes(5);
    /** Writes, copies, packs, compares and deletes; each of the four workers in a folder of its own. */
    private static final String WORKER = "work() { mkdir -p w$1; for i in 1 2 3 4 5; do"
            + " dd if=/dev/urandom of=w$1/f$i bs=64k count=16 2>/dev/null; cp w$1/f$i w$1/g$i; gzip -c w$1/f$i > w$1/z$i;"
            + " gunzip -c w$1/z$i | cmp - w$1/g$i || echo MIS''MATCH; rm w$1/g$i; done; sync; }\n";

    @Test
    void fourHartsWorkOnAFileSystemAndItIsCleanAfterwards(@TempDir Path folder) throws Exception {
        Path disk = Ext4Image.create(folder.resolve("disk.img"), SIZE);
        GuestImage image;
        try {
            image = DebianGuests.local().prepare("linux", FetchOptions.DEFAULT, Progress.SILENT);
        } catch (VmException e) {
            image = Assumptions.abort("the guest cannot be had here: " + e.getMessage());
        }
        try (FileBlockBackend backend = new FileBlockBackend(disk, false);
                GuestMachine guest = GuestMachine.virt().memory(512L << 20).vcpus(4).append(image.append())
                        .kernel(image.kernel().orElseThrow()).initrd(image.initrd().orElseThrow())
                        .device(new MmioTransport(new Blk("disk", backend, Blk.Settings.DEFAULT))).start()) {
            guest.expect("# ", STEP);
            guest.type("cd /mnt\n");
            guest.expect("/mnt# ", STEP);
            guest.type(WORKER);
            guest.expect("/mnt# ", STEP);
            long until = System.nanoTime() + WORK.toNanos();
            int rounds = 0;
            while (System.nanoTime() < until) {
                guest.type("for j in 1 2 3 4; do work $j & done; wait; echo round''done\n");
                guest.expect("rounddone", STEP);
                rounds++;
            }
            guest.type("cd /; umount /mnt; echo un''mounted\n");
            guest.expect("unmounted", STEP);
            guest.type("poweroff -f\n");
            assertEquals(0, guest.awaitEnd(STEP));
            assertFalse(guest.console().output().contains("MISMATCH"), guest.console().output());
            assertFalse(guest.console().output().contains("EXT4-fs error"), guest.console().output());
            assertTrue(rounds > 0);
        }
        Ext4Image.assertClean(disk);
    }
}
