package org.vm.guest.internal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vm.api.ConfigurationException;
import org.vm.api.VmException;
import org.vm.guest.FetchOptions;
import org.vm.guest.GuestImage;
import org.vm.guest.Progress;

/** The whole way from a mirror to a bootable guest, with a small archive of our own. */
class DebianGuestsTest {
    private static final String KERNEL = "linux-image-6.12.1+deb13-riscv64";
    private static final String MODULES = "usr/lib/modules/6.12.1+deb13-riscv64/";

    @TempDir Path root;
    private final TestArchive.Signer signer = TestArchive.Signer.generate();
    private FakeMirror mirror;

    @BeforeEach
    void publish() throws IOException {
        signer.install(root.resolve("usr/share/keyrings"));
        mirror = new FakeMirror(archive().publish(signer));
        Files.createDirectories(root.resolve("etc/apt"));
        Files.writeString(root.resolve("etc/apt/sources.list"), "deb " + mirror.base() + " bookworm main\n");
    }

    @AfterEach
    void stop() {
        mirror.close();
    }

    private static TestArchive archive() throws IOException {
        String firmware = "usr/lib/riscv64-linux-gnu/opensbi/generic/";
        return new TestArchive()
                .add("linux-image-riscv64", KERNEL + " (= 1.0+test~1) | nothing")
                .add(KERNEL, "kmod",
                        TestArchive.Content.of("boot/vmlinux-6.12.1+deb13-riscv64", "the kernel"),
                        TestArchive.Content.of(MODULES + "modules.builtin", "kernel/drivers/char/virtio_console.ko\n"),
                        module("kernel/drivers/virtio/virtio_mmio", "depends="),
                        module("kernel/drivers/block/virtio_blk", "depends=", "alias=virtio:d00000002v*"),
                        module("kernel/crypto/crc32c_generic", "alias=crc32c"),
                        module("kernel/fs/ext4/ext4", "depends=jbd2"),
                        module("kernel/fs/jbd2/jbd2", "depends="),
                        module("kernel/unwanted", "depends="))
                .add("busybox-static", "", TestArchive.Content.of("usr/bin/busybox", "the busybox"))
                .add("opensbi", "", TestArchive.Content.of(firmware + "fw_dynamic.bin", "dynamic"),
                        TestArchive.Content.of(firmware + "fw_jump.bin", "jump"))
                .add("u-boot-qemu", "", TestArchive.Content.of("usr/lib/u-boot/qemu-riscv64/u-boot.bin", "M"),
                        TestArchive.Content.of("usr/lib/u-boot/qemu-riscv64_smode/u-boot.bin", "S"));
    }

    private static TestArchive.Content module(String path, String... info) throws IOException {
        return new TestArchive.Content(MODULES + path + ".ko.xz", TestArchive.xz(TestArchive.module(info)));
    }

    private DebianGuests guests(String... environment) {
        Map<String, String> variables = new HashMap<>(Map.of("VMM_CACHE", root.resolve("cache").toString()));
        for (int i = 0; i < environment.length; i += 2) {
            variables.put(environment[i], environment[i + 1]);
        }
        return new DebianGuests(new Host(variables, root), Optional.empty(), "trixie");
    }

    private GuestImage prepare(String name) {
        return guests().prepare(name, FetchOptions.DEFAULT, Progress.SILENT);
    }

    private List<String> cached() throws IOException {
        if (!Files.exists(root.resolve("cache"))) {
            return List.of();
        }
        try (var files = Files.walk(root.resolve("cache"))) {
            return files.filter(Files::isRegularFile).map(f -> f.getFileName().toString())
                    .filter(name -> !name.equals("lock")).sorted().toList();
        }
    }

    @Test
    void linuxIsAKernelAndAnInitialRamDiskOfOurOwn() throws IOException {
        assertFalse(guests().isPrepared("linux"));
        GuestImage image = prepare("linux");
        assertEquals("Linux 6.12.1+deb13-riscv64 (1.0+test~1)", image.description());
        assertEquals(Optional.empty(), image.firmware());
        assertTrue(image.append().startsWith("console=ttyS0 "), image.append());
        assertEquals("the kernel", Files.readString(image.kernel().orElseThrow()));
        Map<String, byte[]> initrd = TestArchive.cpio(Files.readAllBytes(image.initrd().orElseThrow()));
        assertEquals("the busybox", new String(initrd.get("bin/busybox")));
        assertTrue(new String(initrd.get("init"), StandardCharsets.UTF_8).startsWith("#!/bin/sh\n"));
        String modules = "lib/modules/6.12.1+deb13-riscv64/";
        assertArrayEquals(TestArchive.module("depends=jbd2"), initrd.get(modules + "kernel/fs/ext4/ext4.ko"));
        assertTrue(new String(initrd.get(modules + "modules.dep")).contains("kernel/fs/ext4/ext4.ko: kernel/fs/jbd2/jbd2.ko\n"));
        assertTrue(new String(initrd.get(modules + "modules.alias")).contains("alias crc32c crc32c_generic\n"));
        assertFalse(initrd.containsKey(modules + "kernel/unwanted.ko"));
        for (String path : initrd.keySet()) {
            int slash = path.lastIndexOf('/');
            assertTrue(slash < 0 || initrd.containsKey(path.substring(0, slash)), "no folder for " + path);
        }
        assertTrue(cached().stream().noneMatch(name -> name.endsWith(".scratch") || name.endsWith(".part")), cached()::toString);
    }

    @Test
    void aPreparedGuestNeedsNoNetwork() {
        prepare("linux");
        int before = mirror.requests.size();
        mirror.close();
        assertTrue(guests().isPrepared("linux"));
        prepare("linux");
        assertEquals(before, mirror.requests.size());
    }

    @Test
    void refreshTakesTheNewerPackage() throws IOException {
        prepare("linux");
        Map<String, byte[]> newer = archive().add("linux-image-7.0-riscv64", "",
                        TestArchive.Content.of("boot/vmlinux-7.0-riscv64", "newer")).publish(signer);
        mirror.files.putAll(newer);
        assertEquals("the kernel", read(prepare("linux")));
        mirror.files.putAll(new TestArchive()
                .add("linux-image-riscv64", "linux-image-7.0-riscv64")
                .add("linux-image-7.0-riscv64", "",
                        TestArchive.Content.of("boot/vmlinux-7.0-riscv64", "newer"),
                        module("kernel/virtio_mmio"), module("kernel/virtio_blk"), module("kernel/crc32c_generic"),
                        module("kernel/ext4"))
                .add("busybox-static", "", TestArchive.Content.of("usr/bin/busybox", "b")).publish(signer));
        assertEquals("newer", read(guests().prepare("linux", new FetchOptions(Optional.empty(), true), Progress.SILENT)));
    }

    private static String read(GuestImage image) throws IOException {
        return Files.readString(image.kernel().orElseThrow());
    }

    @Test
    void firmwareIsAGuestToo() throws IOException {
        GuestImage uboot = prepare("u-boot");
        assertEquals("M", Files.readString(uboot.firmware().orElseThrow()));
        assertEquals(Optional.empty(), uboot.kernel());
        GuestImage supervisor = prepare("u-boot-s");
        assertEquals("dynamic", Files.readString(supervisor.firmware().orElseThrow()));
        assertEquals("S", Files.readString(supervisor.kernel().orElseThrow()));
        GuestImage opensbi = prepare("opensbi");
        assertEquals("the kernel", Files.readString(opensbi.kernel().orElseThrow()));
        assertEquals(List.of("linux", "linux-pciehp", "opensbi", "u-boot", "u-boot-s"),
                guests().entries().stream().map(entry -> entry.name()).toList());
    }

    @Test
    void anUnknownNameIsAnsweredWithTheKnownOnes() {
        String message = assertThrows(ConfigurationException.class, () -> prepare("linus")).getMessage();
        assertTrue(message.contains("'linus'") && message.contains("linux, linux-pciehp, opensbi"), message);
    }

    @Test
    void aReleaseFileThatNobodyTrustedSignedLeavesNothingInTheCache() throws IOException {
        mirror.files.putAll(archive().publish(TestArchive.Signer.generate()));
        assertTrue(assertThrows(VmException.class, () -> prepare("linux")).getMessage().contains("nobody that this host trusts"));
        assertEquals(List.of(), cached());
    }

    @Test
    void aChangedIndexLeavesNothingInTheCache() throws IOException {
        for (Map.Entry<String, byte[]> file : new ArrayList<>(mirror.files.entrySet())) {
            if (file.getKey().contains("/by-hash/")) {
                byte[] changed = file.getValue().clone();
                changed[changed.length / 2] ^= 1;
                mirror.files.put(file.getKey(), changed);
            }
        }
        assertTrue(assertThrows(VmException.class, () -> prepare("linux")).getMessage().contains("SHA-256"));
        assertEquals(List.of(), cached());
    }

    @Test
    void aChangedPackageMakesNoGuest() throws IOException {
        for (Map.Entry<String, byte[]> file : new ArrayList<>(mirror.files.entrySet())) {
            if (file.getKey().contains("busybox")) {
                byte[] changed = file.getValue().clone();
                changed[changed.length / 2] ^= 1;
                mirror.files.put(file.getKey(), changed);
            }
        }
        assertTrue(assertThrows(VmException.class, () -> prepare("linux")).getMessage().contains("SHA-256"));
        assertFalse(guests().isPrepared("linux"));
        assertTrue(cached().stream().noneMatch(name -> name.contains("busybox")), cached()::toString);
    }

    @Test
    void aReleaseOfAnotherSuiteOrAnExpiredOneIsRefused() throws IOException {
        DebianGuests other = new DebianGuests(new Host(Map.of("VMM_CACHE", root.resolve("cache").toString()), root),
                Optional.empty(), "forky");
        mirror.files.put("dists/forky/InRelease", mirror.files.get("dists/trixie/InRelease"));
        assertTrue(assertThrows(VmException.class, () -> other.prepare("linux", FetchOptions.DEFAULT, Progress.SILENT))
                .getMessage().contains("not of forky"));
        mirror.files.putAll(archive().publish(signer, "Valid-Until: Sat, 01 Mar 2025 08:00:00 UTC\n"));
        assertTrue(assertThrows(VmException.class, () -> prepare("linux")).getMessage().contains("out of date"));
    }

    @Test
    void withoutKeysNothingIsFetched() throws IOException {
        Files.delete(root.resolve("usr/share/keyrings/debian-archive-test.gpg"));
        String message = assertThrows(VmException.class, () -> prepare("linux")).getMessage();
        assertTrue(message.contains("install package debian-archive-keyring"), message);
        assertEquals(List.of(), mirror.requests);
    }

    @Test
    void theEnvironmentNamesAnotherMirrorAndKeyring() throws IOException {
        Path keyring = signer.install(root.resolve("mine"));
        Files.delete(root.resolve("usr/share/keyrings/debian-archive-test.gpg"));
        Files.delete(root.resolve("etc/apt/sources.list"));
        DebianGuests guests = guests("VMM_MIRROR", mirror.base() + "/", "VMM_KEYRING", keyring.toString());
        assertEquals("the kernel", read(guests.prepare("linux", FetchOptions.DEFAULT, Progress.SILENT)));
    }

    @Test
    void twoAtTheSameTimeFetchOnce() throws Exception {
        CompletableFuture<GuestImage> first = CompletableFuture.supplyAsync(() -> prepare("linux"));
        CompletableFuture<GuestImage> second = CompletableFuture.supplyAsync(() -> prepare("linux"));
        assertEquals(first.get(30, TimeUnit.SECONDS), second.get(30, TimeUnit.SECONDS));
        assertEquals(1, mirror.requests.stream().filter(request -> request.contains(KERNEL)).count());
    }

    @Test
    void aKernelPackageWithoutWhatAGuestNeedsSaysSo() throws IOException {
        mirror.files.putAll(new TestArchive()
                .add("linux-image-riscv64", KERNEL)
                .add(KERNEL, "", TestArchive.Content.of("boot/vmlinux-1", "k"))
                .add("busybox-static", "", TestArchive.Content.of("usr/bin/busybox", "b")).publish(signer));
        assertTrue(assertThrows(VmException.class, () -> prepare("linux")).getMessage().contains("virtio_mmio"));
    }
}
