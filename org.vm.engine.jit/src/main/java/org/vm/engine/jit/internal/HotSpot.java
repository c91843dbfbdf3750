package org.vm.engine.jit.internal;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.management.JMException;
import javax.management.ObjectName;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes HotSpot compile regions with its optimizing compiler and no other: they run in its interpreter for a moment to be
 * profiled, and then not before they are compiled.
 */
final class HotSpot {
    private static final Logger LOG = LoggerFactory.getLogger(HotSpot.class);
    private static final String DIRECTIVES = """
            [{match: ["%s/*.run"], c1: {Exclude: true}}]
            """.formatted(RegionClasses.PACKAGE.replace('.', '/'));

    private HotSpot() {}

    static void configure() {
        try {
            Path file = Files.createTempFile("vmm", ".json");
            try {
                Files.writeString(file, DIRECTIVES);
                Object answer = ManagementFactory.getPlatformMBeanServer().invoke(
                        new ObjectName("com.sun.management:type=DiagnosticCommand"), "compilerDirectivesAdd",
                        new Object[] {new String[] {file.toString()}}, new String[] {String[].class.getName()});
                LOG.debug("compiler directives: {}", answer);
            } finally {
                Files.delete(file);
            }
        } catch (IOException | JMException e) {
            LOG.warn("HotSpot takes no compiler directives ({}); translated code will take longer to get fast", e.toString());
        }
    }
}
