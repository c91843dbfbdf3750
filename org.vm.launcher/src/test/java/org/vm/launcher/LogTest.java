package org.vm.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.osgi.service.log.LogService;
import org.slf4j.LoggerFactory;

@SuppressWarnings("deprecation")
class LogTest {
    private final ListAppender<ILoggingEvent> seen = new ListAppender<>();
    private final Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
    private final Log log = new Log();

    @BeforeEach
    void listen() {
        seen.start();
        root.addAppender(seen);
    }

    @AfterEach
    void leave() {
        root.detachAppender(seen);
    }

    private List<String> lines() {
        return seen.list.stream().map(e -> e.getLevel() + " " + e.getLoggerName() + " " + e.getFormattedMessage()).toList();
    }

    @Test
    void theOldCallsKeepTheirLevelAndCause() {
        Exception cause = new Exception("why");
        log.log(LogService.LOG_ERROR, "broken", cause);
        log.log(LogService.LOG_WARNING, "odd");
        assertEquals(List.of("ERROR container broken", "WARN container odd"), lines());
        assertEquals("why", seen.list.getFirst().getThrowableProxy().getMessage());
    }

    @Test
    void loggersForwardEveryForm() {
        org.osgi.service.log.Logger logger = log.getLogger("some.component");
        Exception cause = new Exception("why");
        logger.error("a {} b", 1, cause);
        logger.warn("{} {} {}", 1, 2, 3);
        logger.info("plain");
        logger.audit("audited");
        logger.error(l -> l.error("lazy"));
        assertEquals(List.of("ERROR some.component a 1 b", "WARN some.component 1 2 3", "INFO some.component plain",
                "INFO some.component audited", "ERROR some.component lazy"), lines());
        assertEquals("why", seen.list.getFirst().getThrowableProxy().getMessage());
        assertEquals("some.component", logger.getName());
    }
}
