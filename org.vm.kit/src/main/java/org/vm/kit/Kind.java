package org.vm.kit;

import java.util.List;

/** What a project can be made of: a template folder, and which of our bundles its code is compiled with. */
enum Kind {
    MMIO("mmio", "MySensor", "a device with registers"),
    PCI("pci", "MySensor", "a PCI function"),
    VIRTIO("virtio", "MySensor", "a virtio device"),
    INSTRUCTIONS("instructions", "MyExt", "instructions");

    /** Folder of the template, and last part of its package. */
    final String folder;
    /** The template's word for what it makes; its classes begin with it. */
    final String word;
    final String text;

    Kind(String folder, String word, String text) {
        this.folder = folder;
        this.word = word;
        this.text = text;
    }

    /** Java sources of the template: the bundle's. */
    List<String> sources() {
        return this == INSTRUCTIONS ? List.of("MyExt.java", "MyExtInstructions.java") : List.of("MySensor.java");
    }

    /** The template's name for the project. */
    String projectName() {
        return this == INSTRUCTIONS ? "my-ext" : "my-sensor";
    }
}
