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
    private static final String METHODS = RegionClasses.PACKAGE.replace('.', '/') + "/*.run";
    private static final String DIRECTIVES = """
            [{match: ["%s"], c1: {Exclude: true}}]
            """.formatted(METHODS);

    /** With this in the command line, as ./vmm has it, HotSpot compiles a region after a thousand calls. */
    private static final String SOONER = "CompileThresholdScaling," + RegionClasses.PACKAGE;

    /**
     * How often a method that only the optimizing compiler may compile is called.
     *
     * @param profile until HotSpot begins to profile it: more than twice -XX:Tier3InvocationThreshold
     * @param compile until it thinks of compiling it: -XX:Tier4InvocationThreshold, with reserve
     */
    record Calls(int profile, int compile) {}

    private HotSpot() {}

    /**
     * The calls that it takes. A region is run for some thousand instructions only, and HotSpot does not inline what is
     * called in less than one of a hundred runs of a method; so the fewer calls do nothing, the better.
     */
    static Calls calls() {
        return isTold(SOONER) ? new Calls(100, 1_200) : new Calls(1_000, 24_000);
    }

    /** Whether it compiles methods of 8,000 bytes of bytecode and more, as ./vmm tells it to. */
    static boolean compilesHugeMethods() {
        return isTold("-XX:-DontCompileHugeMethods");
    }

    private static boolean isTold(String option) {
        return ManagementFactory.getRuntimeMXBean().getInputArguments().stream().anyMatch(told -> told.contains(option));
    }

    /**
     * Once is enough for all engines of a JVM. It takes a quarter of a second, which a guest that starts has no use for;
     * so whoever translates does it when there is something to translate.
     */
    static void configure() {
        try {
            if (String.valueOf(command("compilerDirectivesPrint")).contains(METHODS)) {
                return;
            }
            Path file = Files.createTempFile("vmm", ".json");
            try {
                Files.writeString(file, DIRECTIVES);
                LOG.debug("compiler directives: {}", command("compilerDirectivesAdd", file.toString()));
            } finally {
                Files.delete(file);
            }
        } catch (IOException | JMException e) {
            LOG.warn("HotSpot takes no compiler directives ({}); translated code will take longer to get fast", e.toString());
        }
    }

    /** What {@code jcmd} does. */
    private static Object command(String name, String... arguments) throws JMException {
        ObjectName commands = new ObjectName("com.sun.management:type=DiagnosticCommand");
        return arguments.length == 0 ? ManagementFactory.getPlatformMBeanServer().invoke(commands, name, null, null)
                : ManagementFactory.getPlatformMBeanServer().invoke(commands, name, new Object[] {arguments},
                        new String[] {String[].class.getName()});
    }
}
