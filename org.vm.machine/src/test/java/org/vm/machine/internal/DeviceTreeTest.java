package org.vm.machine.internal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vm.api.device.DeviceTreeNode;

class DeviceTreeTest {
    private static DeviceTree sample() {
        DeviceTree tree = new DeviceTree(2, true);
        tree.root().cells("#address-cells", 2).cells("#size-cells", 2).text("compatible", "a", "bc");
        DeviceTreeNode soc = tree.root().child("soc").flag("ranges").cells("#address-cells", 2).cells("#size-cells", 2);
        DeviceTreeNode uart = soc.child("serial@10000000").cells64("reg", 0x10000000L, 0x100).bytes("odd", new byte[] {1, 2, 3});
        uart.child("/chosen").text("stdout-path", uart.path());
        return tree;
    }

    @Test
    void whatIsWrittenCanBeReadBack() {
        FlattenedTree tree = new FlattenedTree(sample().flatten());
        assertEquals("a bc", tree.text(":compatible"));
        assertEquals(0, tree.value("/soc:ranges").length);
        assertEquals(0x100, tree.cell64("/soc/serial@10000000:reg", 1));
        assertArrayEquals(new byte[] {1, 2, 3}, tree.value("/soc/serial@10000000:odd"));
        assertEquals("/soc/serial@10000000", tree.text("/chosen:stdout-path"));
    }

    @Test
    void propertiesThatAreSetAgainKeepTheLastValue() {
        DeviceTree tree = new DeviceTree(1, true);
        tree.root().cells("x", 1).cells("x", 2);
        assertEquals(2, new FlattenedTree(tree.flatten()).cell(":x", 0));
    }

    @Test
    void phandlesAreUniqueAndStayTheSame() {
        DeviceTree tree = new DeviceTree(2, true);
        DeviceTreeNode node = tree.root().child("a");
        assertEquals(node.phandle(), node.phandle());
        assertNotEquals(node.phandle(), tree.root().child("b").phandle());
        int controller = node.cpuInterruptController(1);
        assertEquals(controller, new FlattenedTree(tree.flatten()).cell("/cpus/cpu@1/interrupt-controller:phandle", 0));
    }

    @Test
    void anInterruptIsNamedByItsControllerAndSource() {
        DeviceTree tree = new DeviceTree(1, true);
        DeviceTreeNode node = tree.root().child("bridge");
        assertEquals(0, node.interrupt(33).length);
        DeviceTreeNode controller = tree.root().child("plic");
        tree.interruptController(controller, source -> new int[] {source, 4});
        assertArrayEquals(new int[] {controller.phandle(), 33, 4}, node.interrupt(33));
    }

    @Test
    void theControllerOfMessagesIsKnownToEveryNode() {
        DeviceTree tree = new DeviceTree(1, false);
        DeviceTreeNode node = tree.root().child("bridge");
        assertEquals(0, node.messageController());
        DeviceTreeNode controller = tree.root().child("imsics");
        tree.messageController(controller);
        assertEquals(controller.phandle(), node.messageController());
        assertFalse(node.builtinFirmware());
    }

    @Test
    void theDeviceTreeCompilerReadsIt(@TempDir Path folder) throws Exception {
        Path blob = Files.write(folder.resolve("a.dtb"), sample().flatten());
        Process dtc;
        try {
            dtc = new ProcessBuilder("dtc", "-I", "dtb", "-O", "dts", blob.toString()).redirectErrorStream(true).start();
        } catch (java.io.IOException e) {
            assumeTrue(false, "dtc is not installed");
            return;
        }
        String text = new String(dtc.getInputStream().readAllBytes());
        assertTrue(dtc.waitFor(10, TimeUnit.SECONDS));
        assertEquals(0, dtc.exitValue(), text);
        assertTrue(text.contains("odd = [01 02 03];"), text);
    }
}
