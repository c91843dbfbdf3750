package org.vm.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** A device with a state is saved, again and again, while a guest counts with it: new code, the same count. */
@DisabledOnOs(OS.WINDOWS)
class DevStateIT {
    private static final Duration LONG = Duration.ofMinutes(4);
    private static final int SAVES = 5;
    /** What was measured, for whoever wants to know; the test does not depend on time. */
    private static final Path FIGURES = Path.of("target", "saves.txt");

    @TempDir
    private Path folder;
    private Reader reader;
    private Path source;

    @BeforeEach
    void aDeviceCounts() throws Exception {
        assumeTrue(Files.exists(WorkFolder.base(Map.of()).resolve("guests/trixie-linux/guest.properties")),
                "the guest linux is not in the cache; get it with: ./vmm fetch linux");
        reader = new Reader(folder, Path.of("target", "vmm").toAbsolutePath());
        reader.host("./vmm new device counter", LONG);
        source = folder.resolve("counter/src/main/java/org/example/counter/Counter.java");
        edit("implements MmioDevice, Resettable {", "implements MmioDevice, Resettable, org.vm.api.state.Stateful {");
        edit("case TEMPERATURE -> temperature;", "case TEMPERATURE -> 100;\n            case 0x10 -> count;");
        edit("        if (width == 4 && offset == LIMIT) {", "        if (offset == 0x10) {\n            count++;\n        }\n"
                + "        if (width == 4 && offset == LIMIT) {");
        edit("    private InterruptLine line;", """
                    private InterruptLine line;
                    private volatile long count;

                    @Override
                    public org.vm.api.state.DeviceState capture() {
                        return org.vm.api.state.DeviceState.of("counter", 1).number("count", count).build();
                    }

                    @Override
                    public void restore(org.vm.api.state.DeviceState state) {
                        count = state.number("count", 0);
                    }
                """);
    }

    @AfterEach
    void leave() throws Exception {
        if (reader != null) {
            reader.close();
        }
    }

    private void edit(String from, String to) throws Exception {
        String text = Files.readString(source);
        assertTrue(text.contains(from), from + " is not in " + source);
        Files.writeString(source, text.replace(from, to));
    }

    @Test
    void theGuestCountsOnWithTheCodeThatWasSaved() throws Exception {
        reader.host("./vmm run linux", LONG);
        reader.host("./vmm dev counter", LONG);
        reader.guest("busybox devmem 0x4000004 32", List.of("0x00000064"), LONG);
        reader.guest("(n=0; while [ ! -e /tmp/stop ]; do busybox devmem 0x4000010 32 1; n=$((n + 1)); echo $n >/tmp/n; done; touch /tmp/done) &"
                + " echo counting", List.of("counting"), LONG);
        StringBuilder figures = new StringBuilder();
        for (int save = 1; save <= SAVES; save++) {
            int before = 99 + save;
            long began = System.nanoTime();
            edit("case TEMPERATURE -> " + before + ";", "case TEMPERATURE -> " + (before + 1) + ";");
            reader.guest("busybox devmem 0x4000004 32", List.of("0x%08X".formatted(before + 1)), LONG);
            figures.append("from a save to the guest's reading what it made: %d ms%n".formatted((System.nanoTime() - began) / 1_000_000));
        }
        Files.writeString(FIGURES, figures);
        reader.guest("touch /tmp/stop; [ -e /tmp/done ] && echo ended", List.of("ended"), LONG);
        reader.guest("[ $(cat /tmp/n) -gt " + SAVES + " ] && [ $(busybox devmem 0x4000010 32) = $(printf 0x%08X $(cat /tmp/n)) ] && echo same",
                List.of("same"), Duration.ofSeconds(30));
        assertEquals(0, reader.powerOff(LONG), "the guest did not survive it");
    }
}
