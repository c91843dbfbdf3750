package org.vm.shell.internal.prompt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.vm.shell.internal.command.Consoles;
import org.vm.shell.internal.command.FakeCatalog;
import org.vm.shell.internal.command.FakeManager;
import org.vm.shell.internal.command.Screen;
import org.vm.shell.internal.command.Shell;

class CompletionTest {
    private final Completion completion = new Completion(new Shell(new FakeManager("linux", "test"), new Consoles(), FakeCatalog::new,
            new Screen(new PrintWriter(System.out), Optional.empty())));

    @Test
    void theFirstWordIsACommand() {
        Collection<String> candidates = complete("");
        assertTrue(candidates.containsAll(Set.of("device-add", "help", "exit", "gogo:grep")));
        assertFalse(candidates.contains("vm:help"));
    }

    @Test
    void argumentsCompleteByWhatTheyAre() {
        assertEquals(List.of("linux", "test"), complete("start", ""));
        assertEquals(List.of("linux", "test"), complete("vm:device", ""));
        assertEquals(List.of("uart0", "disk0"), complete("device", "linux", ""));
        assertEquals(List.of("virtio.blk", "virtio.rng"), complete("device-add", "linux", ""));
        assertEquals(List.of(), complete("device-add", "linux", "virtio.blk", ""));
        assertEquals(List.of("linux", "test"), complete("why", ""));
        assertEquals(List.of(), complete("create", ""));
        assertTrue(complete("help", "").contains("mem"));
    }

    @Test
    void optionsCompleteAndTheirValuesAreNoMachines() {
        assertTrue(complete("regs", "--").containsAll(Set.of("--cpu", "--all", "--help")));
        assertEquals(List.of(), complete("regs", "--cpu", ""));
        assertEquals(List.of("linux", "test"), complete("regs", "--cpu", "1", ""));
        assertEquals(List.of("builtin", "linux"), complete("create", "x", "--guest", ""));
        assertTrue(completion.wantsFile(List.of("create", "x", "--kernel", ""), 3));
        assertFalse(completion.wantsFile(List.of("create", "x", "--append", ""), 3));
    }

    @Test
    void otherCommandsAreNotOurs() {
        assertEquals(List.of(), complete("gogo:grep", ""));
        assertEquals(List.of(), complete("device", "nix", ""));
    }

    private Collection<String> complete(String... words) {
        return completion.candidates(List.of(words), words.length - 1, Set.of("gogo:grep", "vm:help"));
    }
}
