package org.vm.guest.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.vm.api.VmException;

class KernelModulesTest {
    private static KernelModules modules(Map<String, byte[]> all, String... builtIn) {
        return new KernelModules(new KernelModules.Source() {
            @Override public String path(String name) {
                return all.containsKey(name) ? "kernel/" + name + ".ko" : null;
            }

            @Override public byte[] read(String name) {
                return all.get(name);
            }
        }, Set.of(builtIn));
    }

    private static final Map<String, byte[]> TREE = Map.of(
            "ext4", TestArchive.module("depends=jbd2,mbcache,crc16", "alias=fs-ext4", "softdep=pre: crc32c post: later"),
            "jbd2", TestArchive.module("depends=crc16"),
            "mbcache", TestArchive.module("depends="),
            "crc16", TestArchive.module("license=GPL"),
            "crc32c", TestArchive.module("depends=libcrc"),
            "libcrc", TestArchive.module("depends="),
            "virtio_rng", TestArchive.module("depends=rng-core", "alias=virtio:d00000004v*"));

    @Test
    void whatAModuleNeedsIsLoadedBeforeIt() throws IOException {
        KernelModules modules = modules(TREE);
        modules.require("ext4");
        List<String> order = modules.loadOrder();
        assertEquals(Set.of("ext4", "jbd2", "mbcache", "crc16", "crc32c", "libcrc"), Set.copyOf(order));
        for (List<String> pair : List.of(List.of("crc16", "jbd2"), List.of("jbd2", "ext4"), List.of("mbcache", "ext4"),
                List.of("libcrc", "crc32c"), List.of("crc32c", "ext4"))) {
            assertTrue(order.indexOf(pair.getFirst()) < order.indexOf(pair.getLast()), pair + " in " + order);
        }
    }

    @Test
    void theTablesAreThoseThatModprobeReads() throws IOException {
        KernelModules modules = modules(TREE);
        modules.require("ext4");
        String line = modules.dependencyTable().lines().filter(l -> l.startsWith("kernel/ext4.ko:")).findFirst().orElseThrow();
        List<String> needs = List.of(line.substring("kernel/ext4.ko: ".length()).split(" "));
        // modules.dep(5): the last is loaded first.
        assertTrue(needs.indexOf("kernel/jbd2.ko") < needs.indexOf("kernel/crc16.ko"), line);
        assertEquals("alias fs-ext4 ext4\n", modules.aliasTable());
        assertTrue(modules.dependencyTable().contains("kernel/crc16.ko:\n"));
    }

    @Test
    void whatIsBuiltIntoTheKernelIsNotNeededAsAFile() throws IOException {
        KernelModules modules = modules(TREE, "rng_core", "virtio_console");
        modules.require("virtio-rng");
        modules.require("virtio_console");
        assertEquals(List.of("virtio_rng"), modules.loadOrder());
        assertEquals("kernel/virtio_rng.ko:\n", modules.dependencyTable());
    }

    @Test
    void aModuleThatIsNotThereIsAnErrorOnlyIfItIsRequired() throws IOException {
        KernelModules modules = modules(TREE);
        modules.wish("nothing");
        assertEquals(List.of(), modules.loadOrder());
        assertTrue(assertThrows(VmException.class, () -> modules.require("nothing")).getMessage().contains("nothing"));
        // A need that cannot be met is an error even for a wish: the guest's modprobe would fail.
        assertTrue(assertThrows(IOException.class, () -> modules.wish("virtio_rng")).getMessage().contains("rng-core"));
    }

    @Test
    void modulesThatNeedEachOtherAreAnError() {
        KernelModules modules = modules(Map.of("a", TestArchive.module("depends=b"), "b", TestArchive.module("depends=a")));
        assertTrue(assertThrows(IOException.class, () -> modules.require("a")).getMessage().contains("circle"));
    }

    @Test
    void aModuleThatIsCutIsAnError() {
        byte[] whole = TestArchive.module("depends=x", "alias=y");
        // Behind the string table's offset nothing is read: 32 bytes.
        for (int length = 0; length < whole.length - 32; length++) {
            byte[] cut = Arrays.copyOf(whole, length);
            assertThrows(IOException.class, () -> ElfModule.parse(cut), "length " + length);
        }
    }

    @Test
    void sizesInAModuleThatPointAnywhereAreAnError() throws IOException {
        byte[] whole = TestArchive.module("depends=x");
        int checked = 0;
        for (int at = 0x28; at < whole.length; at++) {
            byte[] bad = whole.clone();
            bad[at] = (byte) 0xFF;
            try {
                ElfModule.parse(bad);
            } catch (IOException expected) {
                checked++;
            }
        }
        assertTrue(checked > 10, "only " + checked + " changes were noticed");
    }
}
