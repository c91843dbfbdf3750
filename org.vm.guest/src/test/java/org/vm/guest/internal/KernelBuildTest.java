package org.vm.guest.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vm.api.VmException;
import org.vm.guest.FetchOptions;
import org.vm.guest.GuestImage;
import org.vm.guest.Progress;

/** A guest that is built here, from a "kernel source" that a makefile of a few lines builds. */
class KernelBuildTest {
    private static final String CONFIGURE = "allnoconfig:\n\tcp $(KCONFIG_ALLCONFIG) $(O)/.config\n";
    private static final String BUILD = "\t@mkdir -p $(O)/arch/riscv/boot $(O)/include/config\n"
            + "\t@echo '  CC      init/main.o'\n"
            + "\t@echo 6.12.1-pciehp > $(O)/include/config/kernel.release\n"
            + "\t@echo built $(ARCH) $(CROSS_COMPILE) > $(O)/arch/riscv/boot/Image\n";

    @TempDir Path root;
    private final TestArchive.Signer signer = TestArchive.Signer.generate();
    private FakeMirror mirror;

    @BeforeEach
    void install() throws IOException {
        for (String tool : List.of("make", "tar", "xz")) {
            Assumptions.assumeTrue(Files.isExecutable(Path.of("/usr/bin", tool)) || Files.isExecutable(Path.of("/bin", tool)),
                    tool + " is not installed");
        }
        signer.install(root.resolve("usr/share/keyrings"));
        for (String tool : List.of("gcc", "riscv64-linux-gnu-gcc", "riscv64-linux-gnu-ld", "flex", "bison", "bc")) {
            Path file = root.resolve("bin").resolve(tool);
            Files.createDirectories(file.getParent());
            assertTrue(Files.writeString(file, "#!/bin/sh\n").toFile().setExecutable(true));
        }
        mirror = new FakeMirror(Map.of());
    }

    @AfterEach
    void stop() {
        mirror.close();
    }

    private void publish(String makefile) throws IOException {
        ByteArrayOutputStream tar = new ByteArrayOutputStream();
        byte[] content = makefile.getBytes(StandardCharsets.UTF_8);
        TestArchive.tarEntry(tar, "linux-source-6.12/Makefile", '0', content, content.length);
        TestArchive.tarEntry(tar, "linux-source-6.12/tools/testing/large", '0', content, content.length);
        tar.write(new byte[1024]);
        mirror.files.putAll(new TestArchive()
                .add("busybox-static", "", TestArchive.Content.of("usr/bin/busybox", "the busybox"))
                .add("linux-source-6.12", "", new TestArchive.Content("usr/src/linux-source-6.12.tar.xz",
                        TestArchive.xz(tar.toByteArray()))).publish(signer));
    }

    private DebianGuests guests(String path) {
        Map<String, String> variables = new HashMap<>(Map.of("VMM_CACHE", root.resolve("cache").toString(), "PATH", path,
                "VMM_MIRROR", mirror.base()));
        return new DebianGuests(new Host(variables, root), Optional.empty(), "trixie");
    }

    private GuestImage prepare() {
        return guests(root.resolve("bin") + ":/usr/bin:/bin").prepare("linux-pciehp", FetchOptions.DEFAULT, Progress.SILENT);
    }

    private String failure() {
        return assertThrows(VmException.class, this::prepare).getMessage();
    }

    private List<Path> left() throws IOException {
        try (var files = Files.walk(root.resolve("cache/build"))) {
            return files.filter(Files::isRegularFile).toList();
        }
    }

    @Test
    void theKernelIsBuiltWithOurConfigurationAndNothingElseIsKept() throws IOException {
        publish(CONFIGURE + "Image:\n" + BUILD);
        GuestImage image = prepare();
        assertEquals("Linux 6.12.1-pciehp (1.0+test~1)", image.description());
        assertEquals("built riscv riscv64-linux-gnu-\n", Files.readString(image.kernel().orElseThrow()));
        Map<String, byte[]> initrd = TestArchive.cpio(Files.readAllBytes(image.initrd().orElseThrow()));
        assertEquals("the busybox", new String(initrd.get("bin/busybox")));
        assertTrue(initrd.containsKey("lib/modules/6.12.1-pciehp/modules.dep"));
        assertEquals(List.of(), left());
        int requests = mirror.requests.size();
        prepare();
        assertEquals(requests, mirror.requests.size());
    }

    @Test
    void aNewInitialRamDiskNeedsNoNewKernel() throws IOException {
        publish(CONFIGURE + "Image:\n" + BUILD);
        GuestImage image = prepare();
        Files.writeString(image.initrd().orElseThrow().resolveSibling("guest.properties"), "recipe=another\n");
        assertFalse(guests("").isPrepared("linux-pciehp"));
        publish(CONFIGURE + "Image:\n\texit 1\n");
        assertEquals(image, prepare());
    }

    @Test
    void aHostWithoutTheToolsIsToldWhatToInstallBeforeAnythingIsFetched() throws IOException {
        publish(CONFIGURE + "Image:\n" + BUILD);
        String message = assertThrows(VmException.class, () -> guests(root.resolve("nothing").toString())
                .prepare("linux-pciehp", FetchOptions.DEFAULT, Progress.SILENT)).getMessage();
        assertTrue(message.contains("apt-get install bc binutils-riscv64-linux-gnu bison flex gcc gcc-riscv64-linux-gnu make tar xz-utils"),
                message);
        assertEquals(List.of(), mirror.requests);
    }

    @Test
    void aFailureShowsWhatWasSaidAndTheNextTryGoesOnFromThere() throws IOException {
        publish(CONFIGURE + "Image:\n\t@test -f $(O)/tried || { touch $(O)/tried here; echo 'main.c:1: error'; exit 1; }\n\t@test -f here\n"
                + BUILD);
        String message = failure();
        assertTrue(message.startsWith("building the kernel failed: make ended with status 2") && message.contains("main.c:1: error"),
                message);
        assertTrue(left().stream().noneMatch(file -> file.endsWith("large")), "what is not needed is not unpacked");
        assertFalse(guests("").isPrepared("linux-pciehp"));
        assertEquals("Linux 6.12.1-pciehp (1.0+test~1)", prepare().description(), "the source is where it was left");
    }

    @Test
    void anOptionThatTheSourceDoesNotHaveIsNamed() throws IOException {
        publish("allnoconfig:\n\tgrep -v HOTPLUG_PCI_PCIE $(KCONFIG_ALLCONFIG) > $(O)/.config\nImage:\n" + BUILD);
        assertTrue(failure().contains("does not take CONFIG_HOTPLUG_PCI_PCIE=y"), this::failure);
    }

    @Test
    void anInterruptEndsAllThatTheBuildStarted() throws Exception {
        publish(CONFIGURE + "Image:\n\t@sleep 600 & echo $$! > $(O)/child; echo '  CC      started'; wait\n");
        CountDownLatch started = new CountDownLatch(1);
        CompletableFuture<String> message = new CompletableFuture<>();
        Thread builder = Thread.ofPlatform().start(() -> {
            try {
                guests(root.resolve("bin") + ":/usr/bin:/bin").prepare("linux-pciehp", FetchOptions.DEFAULT, (what, done, total) -> {
                    if (what.equals("building the kernel")) {
                        started.countDown();
                    }
                });
                message.complete("built");
            } catch (VmException e) {
                message.complete(e.getMessage());
            }
        });
        assertTrue(started.await(1, TimeUnit.MINUTES));
        Path child = left().stream().filter(file -> file.endsWith("child")).findFirst().orElseThrow();
        Optional<ProcessHandle> process = ProcessHandle.of(Long.parseLong(Files.readString(child).strip()));
        builder.interrupt();
        assertTrue(message.get(1, TimeUnit.MINUTES).contains("was interrupted"), message::join);
        if (process.isPresent()) {
            ended(process.get());
        }
    }

    private static void ended(ProcessHandle process) throws InterruptedException, ExecutionException {
        try {
            process.onExit().get(30, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            throw new AssertionError("process " + process.pid() + " lives on", e);
        }
    }
}
