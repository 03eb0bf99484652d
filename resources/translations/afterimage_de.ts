<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="de_DE">
<context>
    <name>Answers</name>
    <message>
        <source>I could read nothing in this picture that answers that.</source>
        <translation>In diesem Bild steht nichts Lesbares, das darauf antwortet.</translation>
    </message>
    <message>
        <source>I did not see that.</source>
        <translation>Das habe ich nicht gesehen.</translation>
    </message>
    <message>
        <source>In {where}</source>
        <translation>{where}</translation>
    </message>
    <message>
        <source>The memory on its own cannot answer yet: the model in use was not trained to. Ask without memory-only.</source>
        <translation>Das Gedächtnis allein kann noch nicht antworten: Das Modell in Gebrauch wurde nicht dazu trainiert. Ohne „Nur Gedächtnis“ fragen.</translation>
    </message>
    <message>
        <source>Yes: {what}</source>
        <translation>Ja: {what}</translation>
    </message>
    <message>
        <source>on {day} at {time}</source>
        <translation>am {day} um {time}</translation>
    </message>
    <message>
        <source>on {day} from {start} to {end}</source>
        <translation>am {day} von {start} bis {end}</translation>
    </message>
    <message>
        <source>the picture</source>
        <translation>Bild</translation>
    </message>
    <message>
        <source>the window {title}</source>
        <translation>Fenster {title}</translation>
    </message>
    <message>
        <source>today at {time}</source>
        <translation>heute um {time}</translation>
    </message>
    <message>
        <source>today from {start} to {end}</source>
        <translation>heute von {start} bis {end}</translation>
    </message>
    <message>
        <source>yesterday at {time}</source>
        <translation>gestern um {time}</translation>
    </message>
    <message>
        <source>yesterday from {start} to {end}</source>
        <translation>gestern von {start} bis {end}</translation>
    </message>
    <message>
        <source>{application}, window {title}</source>
        <translation>{application}, Fenster {title}</translation>
    </message>
    <message>
        <source>{start} to {end}</source>
        <translation>{start} bis {end}</translation>
    </message>
    <message>
        <source>{unseen} Nearest in meaning: {what}</source>
        <translation>{unseen} Der Bedeutung nach am nächsten: {what}</translation>
    </message>
    <message>
        <source>{when}, in {where}</source>
        <translation>{when}, {where}</translation>
    </message>
    <message>
        <source>“{words}”</source>
        <translation>„{words}“</translation>
    </message>
</context>
<context>
    <name>AskWindow</name>
    <message numerus="yes">
        <source>%Ln moment(s)</source>
        <translation>
            <numerusform>%Ln Moment</numerusform>
            <numerusform>%Ln Momente</numerusform>
        </translation>
    </message>
    <message>
        <source>About {moment}</source>
        <translation>Zu {moment}</translation>
    </message>
    <message>
        <source>Afterimage</source>
        <translation>Afterimage</translation>
    </message>
    <message>
        <source>Dismiss</source>
        <translation>Schließen</translation>
    </message>
    <message>
        <source>Enter asks  ·  Esc stops</source>
        <translation>Enter fragt  ·  Esc bricht ab</translation>
    </message>
    <message>
        <source>No picture is kept of this moment.</source>
        <translation>Von diesem Moment ist kein Bild gespeichert.</translation>
    </message>
    <message>
        <source>Nothing is remembered yet</source>
        <translation>Noch ist nichts im Gedächtnis</translation>
    </message>
    <message>
        <source>Questions to begin with</source>
        <translation>Fragen für den Anfang</translation>
    </message>
    <message>
        <source>Remembered since {time}</source>
        <translation>Im Gedächtnis seit {time}</translation>
    </message>
    <message>
        <source>This desktop has no tray, so everything is here: pause, forget and quit are in the menu.</source>
        <translation>Auf diesem Desktop gibt es keinen Infobereich; deshalb ist alles hier: Pause, Vergessen und Beenden stehen im Menü.</translation>
    </message>
    <message>
        <source>What is remembered</source>
        <translation>Was im Gedächtnis ist</translation>
    </message>
    <message>
        <source>answers come from recorded text</source>
        <translation>Antworten aus dem aufgezeichneten Text</translation>
    </message>
    <message>
        <source>{count} still to read</source>
        <translation>noch {count} zu lesen</translation>
    </message>
</context>
<context>
    <name>Composer</name>
    <message>
        <source>About a picture you added</source>
        <translation>Zu einem hinzugefügten Bild</translation>
    </message>
    <message>
        <source>Ask</source>
        <translation>Fragen</translation>
    </message>
    <message>
        <source>Ask about anything your screen showed</source>
        <translation>Fragen zu allem, was auf dem Bildschirm war</translation>
    </message>
    <message>
        <source>Ask about this picture</source>
        <translation>Fragen zu diesem Bild</translation>
    </message>
    <message>
        <source>Do not ask about this picture</source>
        <translation>Nicht zu diesem Bild fragen</translation>
    </message>
    <message>
        <source>Question</source>
        <translation>Frage</translation>
    </message>
    <message>
        <source>Stop the answer</source>
        <translation>Antwort abbrechen</translation>
    </message>
    <message>
        <source>The question has {length} characters; at most {most} can be asked at once.</source>
        <translation>Die Frage hat {length} Zeichen; höchstens {most} sind auf einmal möglich.</translation>
    </message>
    <message>
        <source>This is no picture that can be read.</source>
        <translation>Das ist kein lesbares Bild.</translation>
    </message>
</context>
<context>
    <name>Controls</name>
    <message>
        <source>Afterimage: Forget</source>
        <translation>Afterimage: Vergessen</translation>
    </message>
    <message>
        <source>Delete everything from {start} to {end}?</source>
        <translation>Alles von {start} bis {end} löschen?</translation>
    </message>
    <message numerus="yes">
        <source>Delete these %Ln moment(s)?</source>
        <translation>
            <numerusform>Diesen %Ln Moment löschen?</numerusform>
            <numerusform>Diese %Ln Momente löschen?</numerusform>
        </translation>
    </message>
    <message>
        <source>Delete this moment?</source>
        <translation>Diesen Moment löschen?</translation>
    </message>
    <message>
        <source>Forget</source>
        <translation>Vergessen</translation>
    </message>
    <message>
        <source>Forget everything recorded so far?</source>
        <translation>Alles bisher Aufgenommene vergessen?</translation>
    </message>
    <message>
        <source>Forget the last 10 minutes…</source>
        <translation>Die letzten 10 Minuten vergessen…</translation>
    </message>
    <message>
        <source>Forget the last hour…</source>
        <translation>Die letzte Stunde vergessen…</translation>
    </message>
    <message>
        <source>Forget today…</source>
        <translation>Den heutigen Tag vergessen…</translation>
    </message>
    <message>
        <source>Forget {span}?</source>
        <translation>{span} vergessen?</translation>
    </message>
    <message>
        <source>Forgotten.</source>
        <translation>Vergessen.</translation>
    </message>
    <message numerus="yes">
        <source>Forgotten. %Ln moment(s) deleted.</source>
        <translation>
            <numerusform>Vergessen. %Ln Moment gelöscht.</numerusform>
            <numerusform>Vergessen. %Ln Momente gelöscht.</numerusform>
        </translation>
    </message>
    <message>
        <source>From now on no pictures and no text are kept. Moments, pictures, text and the memory from before are still on this computer, and can be deleted now. This cannot be undone.</source>
        <translation>Ab jetzt werden weder Bilder noch Text gespeichert. Frühere Momente, Bilder, Texte und das frühere Gedächtnis sind noch auf diesem Computer und können jetzt gelöscht werden. Das lässt sich nicht rückgängig machen.</translation>
    </message>
    <message>
        <source>Moments, pictures and text of that time are deleted, and the model&apos;s memory goes back to before it. This cannot be undone.</source>
        <translation>Momente, Bilder und Text dieser Zeit werden gelöscht, und das Gedächtnis des Modells geht auf den Stand davor zurück. Das lässt sich nicht rückgängig machen.</translation>
    </message>
    <message>
        <source>Nothing was forgotten.</source>
        <translation>Nichts wurde vergessen.</translation>
    </message>
    <message>
        <source>Pause</source>
        <translation>Pause</translation>
    </message>
    <message>
        <source>Pause for 1 hour</source>
        <translation>1 Stunde pausieren</translation>
    </message>
    <message>
        <source>Pause for 15 minutes</source>
        <translation>15 Minuten pausieren</translation>
    </message>
    <message>
        <source>Pause until resumed</source>
        <translation>Pausieren bis zum Fortsetzen</translation>
    </message>
    <message>
        <source>Resume recording</source>
        <translation>Aufnahme fortsetzen</translation>
    </message>
    <message>
        <source>Start recording</source>
        <translation>Aufnahme starten</translation>
    </message>
    <message>
        <source>The pictures, their text and the answers that show them are deleted. The model cannot unlearn single moments: its memory goes back to before {time}, and what it saw after that is only in the timeline then. This cannot be undone.</source>
        <translation>Die Bilder, ihr Text und die Antworten, die sie zeigen, werden gelöscht. Einzelne Momente kann das Modell nicht verlernen: Sein Gedächtnis geht auf den Stand vor {time} zurück; was danach war, steht dann nur noch in der Zeitleiste. Das lässt sich nicht rückgängig machen.</translation>
    </message>
    <message>
        <source>the last 10 minutes</source>
        <translation>Die letzten 10 Minuten</translation>
    </message>
    <message>
        <source>the last hour</source>
        <translation>Die letzte Stunde</translation>
    </message>
    <message>
        <source>today</source>
        <translation>Den heutigen Tag</translation>
    </message>
</context>
<context>
    <name>Conversation</name>
    <message>
        <source>Conversation</source>
        <translation>Gespräch</translation>
    </message>
</context>
<context>
    <name>DayEdit</name>
    <message>
        <source>ddd d MMM yyyy</source>
        <translation>ddd, d. MMM yyyy</translation>
    </message>
</context>
<context>
    <name>DayStrip</name>
    <message>
        <source>Left and right choose a time, Enter goes there; with Shift they choose a range</source>
        <translation>Links und rechts wählen eine Zeit, Enter springt dorthin; mit Umschalt wählen sie einen Zeitraum</translation>
    </message>
    <message>
        <source>The day</source>
        <translation>Der Tag</translation>
    </message>
</context>
<context>
    <name>Desktop</name>
    <message>
        <source>About a part of the screen</source>
        <translation>Zu einem Teil des Bildschirms</translation>
    </message>
    <message>
        <source>Nothing is recorded until you press Start recording.</source>
        <translation>Nichts wird aufgenommen, solange „Aufnahme starten“ nicht gedrückt ist.</translation>
    </message>
</context>
<context>
    <name>Engine</name>
    <message>
        <source>A Wayland session does not let a region alone be recorded.</source>
        <translation>In einer Wayland-Sitzung lässt sich nicht nur ein Bereich aufnehmen.</translation>
    </message>
    <message>
        <source>A message of {0} bytes is longer than the {1} allowed.</source>
        <translation>Eine Nachricht von {0} Bytes ist länger als die erlaubten {1}.</translation>
    </message>
    <message>
        <source>A monitor could not be read: it was changed or unplugged.</source>
        <translation>Ein Monitor ließ sich nicht lesen: Er wurde geändert oder abgezogen.</translation>
    </message>
    <message>
        <source>A monitor went away.</source>
        <translation>Ein Monitor ist verschwunden.</translation>
    </message>
    <message>
        <source>A recording to replay needs a full path.</source>
        <translation>Eine Aufnahme zum Abspielen braucht einen vollständigen Pfad.</translation>
    </message>
    <message>
        <source>A time lacks its time zone.</source>
        <translation>Einer Zeit fehlt die Zeitzone.</translation>
    </message>
    <message>
        <source>A {0} is out of place here.</source>
        <translation>Ein {0} ist hier fehl am Platz.</translation>
    </message>
    <message>
        <source>Accept them on its page, then `hf auth login`.</source>
        <translation>Auf der Seite des Modells zustimmen, dann `hf auth login`.</translation>
    </message>
    <message>
        <source>Add yourself to the group &quot;video&quot;, and log in again.</source>
        <translation>Das Benutzerkonto in die Gruppe „video“ aufnehmen und neu anmelden.</translation>
    </message>
    <message>
        <source>Allow it in the desktop&apos;s privacy settings, or log in to a session on Xorg.</source>
        <translation>In den Privatsphäre-Einstellungen des Desktops erlauben oder in einer Xorg-Sitzung anmelden.</translation>
    </message>
    <message>
        <source>Allow it under System Settings &gt; Privacy &amp; Security &gt; Screen Recording, and start it again.</source>
        <translation>Unter Systemeinstellungen &gt; Datenschutz &amp; Sicherheit &gt; Bildschirmaufnahme erlauben und neu starten.</translation>
    </message>
    <message>
        <source>An answer&apos;s options are out of range.</source>
        <translation>Die Optionen einer Antwort liegen außerhalb der Grenzen.</translation>
    </message>
    <message>
        <source>Another export is under way.</source>
        <translation>Ein anderer Export läuft noch.</translation>
    </message>
    <message>
        <source>Applications</source>
        <translation>Programme</translation>
    </message>
    <message>
        <source>Ask a shorter one.</source>
        <translation>Kürzer fragen.</translation>
    </message>
    <message>
        <source>Auto</source>
        <translation>Automatisch</translation>
    </message>
    <message>
        <source>Budget (GB)</source>
        <translation>Platz (GB)</translation>
    </message>
    <message>
        <source>Busy rate</source>
        <translation>Rate bei Bewegung</translation>
    </message>
    <message>
        <source>Camera number {0} does not open.</source>
        <translation>Kamera Nummer {0} lässt sich nicht öffnen.</translation>
    </message>
    <message>
        <source>Camera number {0} gives no pictures any more.</source>
        <translation>Kamera Nummer {0} liefert keine Bilder mehr.</translation>
    </message>
    <message>
        <source>Check that it exists and belongs to you.</source>
        <translation>Prüfen, ob er existiert und dem eigenen Konto gehört.</translation>
    </message>
    <message>
        <source>Check the name.</source>
        <translation>Den Namen prüfen.</translation>
    </message>
    <message>
        <source>Check the network and try again: a download goes on where it ended.</source>
        <translation>Das Netz prüfen und noch einmal versuchen: Ein Download geht dort weiter, wo er endete.</translation>
    </message>
    <message>
        <source>Choose a folder that you may write to.</source>
        <translation>Einen Ordner mit Schreibrecht wählen.</translation>
    </message>
    <message>
        <source>Choose a smaller or quantised model.</source>
        <translation>Ein kleineres oder quantisiertes Modell wählen.</translation>
    </message>
    <message>
        <source>Choose a span of time that has moments.</source>
        <translation>Einen Zeitraum mit Momenten wählen.</translation>
    </message>
    <message>
        <source>Choose another name.</source>
        <translation>Einen anderen Namen wählen.</translation>
    </message>
    <message>
        <source>Choose it again in the settings.</source>
        <translation>In den Einstellungen neu wählen.</translation>
    </message>
    <message>
        <source>Choose one.</source>
        <translation>Einen wählen.</translation>
    </message>
    <message>
        <source>Choose that model, or start afresh.</source>
        <translation>Dieses Modell wählen oder neu beginnen.</translation>
    </message>
    <message>
        <source>Close other programs that use it, and check its permission.</source>
        <translation>Andere Programme schließen, die sie benutzen, und die Berechtigung prüfen.</translation>
    </message>
    <message>
        <source>Close other programs that use it, or choose a smaller model.</source>
        <translation>Andere Programme schließen, die ihn benutzen, oder ein kleineres Modell wählen.</translation>
    </message>
    <message>
        <source>Close other programs, or choose a smaller model.</source>
        <translation>Andere Programme schließen oder ein kleineres Modell wählen.</translation>
    </message>
    <message>
        <source>Connect one, or choose another in the settings.</source>
        <translation>Einen anschließen oder in den Einstellungen einen anderen wählen.</translation>
    </message>
    <message>
        <source>Consent</source>
        <translation>Zustimmung</translation>
    </message>
    <message>
        <source>Cpu</source>
        <translation>CPU</translation>
    </message>
    <message>
        <source>Cuda</source>
        <translation>CUDA</translation>
    </message>
    <message>
        <source>Dark</source>
        <translation>Dunkel</translation>
    </message>
    <message>
        <source>Delete the files called timeline.damaged in {0} yourself.</source>
        <translation>Die Dateien namens timeline.damaged in {0} von Hand löschen.</translation>
    </message>
    <message>
        <source>Deleting.</source>
        <translation>Wird gelöscht.</translation>
    </message>
    <message>
        <source>Device</source>
        <translation>Gerät</translation>
    </message>
    <message>
        <source>Did you mean {0}?</source>
        <translation>War {0} gemeint?</translation>
    </message>
    <message>
        <source>Download it again.</source>
        <translation>Neu herunterladen.</translation>
    </message>
    <message>
        <source>Drop</source>
        <translation>Verwerfen</translation>
    </message>
    <message>
        <source>Excluded now by: {0}.</source>
        <translation>Jetzt ausgeschlossen durch: {0}.</translation>
    </message>
    <message>
        <source>Fetch it again.</source>
        <translation>Neu herunterladen.</translation>
    </message>
    <message>
        <source>Fetch the model again.</source>
        <translation>Das Modell neu herunterladen.</translation>
    </message>
    <message>
        <source>Free some disk space or check the rights.</source>
        <translation>Plattenplatz freigeben oder die Rechte prüfen.</translation>
    </message>
    <message>
        <source>Free some disk space.</source>
        <translation>Plattenplatz freigeben.</translation>
    </message>
    <message>
        <source>Free some disk space; it is tried again every minute.</source>
        <translation>Plattenplatz freigeben; es wird jede Minute neu versucht.</translation>
    </message>
    <message>
        <source>Free some memory or disk space and try again.</source>
        <translation>Arbeitsspeicher oder Plattenplatz freigeben und noch einmal versuchen.</translation>
    </message>
    <message>
        <source>Free some space and try again.</source>
        <translation>Platz freigeben und noch einmal versuchen.</translation>
    </message>
    <message>
        <source>Free some space on the disk.</source>
        <translation>Platz auf der Platte freigeben.</translation>
    </message>
    <message>
        <source>Free some space or choose another disk.</source>
        <translation>Platz freigeben oder eine andere Platte wählen.</translation>
    </message>
    <message>
        <source>Free some space; it goes on by itself.</source>
        <translation>Platz freigeben; es geht von selbst weiter.</translation>
    </message>
    <message>
        <source>Give yourself the right to write there, or choose another place with {0}.</source>
        <translation>Dort Schreibrecht einräumen oder mit {0} einen anderen Ort wählen.</translation>
    </message>
    <message>
        <source>Hotkey ask</source>
        <translation>Kürzel zum Fragen</translation>
    </message>
    <message>
        <source>Hotkey snip</source>
        <translation>Kürzel für den Ausschnitt</translation>
    </message>
    <message>
        <source>InfiniteVL 4B: answers in its own words; wants a GPU with 12 GB</source>
        <translation>InfiniteVL 4B: antwortet in eigenen Worten; braucht eine GPU mit 12 GB</translation>
    </message>
    <message>
        <source>Install Afterimage again.</source>
        <translation>Afterimage neu installieren.</translation>
    </message>
    <message>
        <source>Install xdg-desktop-portal and its part for your desktop, or log in to a session &quot;on Xorg&quot;.</source>
        <translation>xdg-desktop-portal und dessen Teil für diesen Desktop installieren oder in einer Sitzung „auf Xorg“ anmelden.</translation>
    </message>
    <message>
        <source>It is asked for again.</source>
        <translation>Er wird neu angefragt.</translation>
    </message>
    <message>
        <source>It is forgotten, but a damaged file from before, which may still hold it, could not be deleted.</source>
        <translation>Es ist vergessen, aber eine beschädigte Datei von früher, die es noch enthalten kann, ließ sich nicht löschen.</translation>
    </message>
    <message>
        <source>It is started again by itself; try again in a moment.</source>
        <translation>Er startet von selbst neu; gleich noch einmal versuchen.</translation>
    </message>
    <message>
        <source>It keeps what it remembered: try again in a moment.</source>
        <translation>Das Gemerkte bleibt: gleich noch einmal versuchen.</translation>
    </message>
    <message>
        <source>Keep days</source>
        <translation>Tage behalten</translation>
    </message>
    <message>
        <source>Keep free (GB)</source>
        <translation>Frei halten (GB)</translation>
    </message>
    <message>
        <source>Keep recording</source>
        <translation>Weiter aufnehmen</translation>
    </message>
    <message>
        <source>Known: {0}, or owner/name.</source>
        <translation>Bekannt: {0}, oder Eigentümer/Name.</translation>
    </message>
    <message>
        <source>Language</source>
        <translation>Sprache</translation>
    </message>
    <message>
        <source>Leave out the others.</source>
        <translation>Die anderen weglassen.</translation>
    </message>
    <message>
        <source>Light</source>
        <translation>Hell</translation>
    </message>
    <message>
        <source>Log in again.</source>
        <translation>Neu anmelden.</translation>
    </message>
    <message>
        <source>Log in to a session on Xorg, or choose another monitor in the settings.</source>
        <translation>In einer Xorg-Sitzung anmelden oder in den Einstellungen einen anderen Monitor wählen.</translation>
    </message>
    <message>
        <source>Log out and choose a session &quot;on Xorg&quot;, or use --source with a recording.</source>
        <translation>Abmelden und eine Sitzung „auf Xorg“ wählen, oder --source mit einer Aufnahme benutzen.</translation>
    </message>
    <message>
        <source>Making the index anew.</source>
        <translation>Der Index wird neu aufgebaut.</translation>
    </message>
    <message>
        <source>Mask</source>
        <translation>Verdecken</translation>
    </message>
    <message>
        <source>Memory only</source>
        <translation>Nur Gedächtnis</translation>
    </message>
    <message>
        <source>Mend it in the settings.</source>
        <translation>In den Einstellungen berichtigen.</translation>
    </message>
    <message>
        <source>Mode</source>
        <translation>Art</translation>
    </message>
    <message>
        <source>Monitors</source>
        <translation>Monitore</translation>
    </message>
    <message>
        <source>No engine is running.</source>
        <translation>Kein Dienst läuft.</translation>
    </message>
    <message>
        <source>No picture has arrived for {0} seconds.</source>
        <translation>Seit {0} Sekunden ist kein Bild angekommen.</translation>
    </message>
    <message>
        <source>No room to save the memory.</source>
        <translation>Kein Platz, um das Gedächtnis zu speichern.</translation>
    </message>
    <message>
        <source>None of the chosen monitors is connected.</source>
        <translation>Keiner der gewählten Monitore ist angeschlossen.</translation>
    </message>
    <message>
        <source>None of the chosen monitors was allowed.</source>
        <translation>Keiner der gewählten Monitore wurde erlaubt.</translation>
    </message>
    <message>
        <source>Older pictures are thinned out to save space.</source>
        <translation>Ältere Bilder werden ausgedünnt, um Platz zu sparen.</translation>
    </message>
    <message>
        <source>Others are not loaded: they can hold programs.</source>
        <translation>Andere werden nicht geladen: Sie können Programme enthalten.</translation>
    </message>
    <message>
        <source>Path</source>
        <translation>Ordner</translation>
    </message>
    <message>
        <source>PipeWire cannot be read.</source>
        <translation>PipeWire lässt sich nicht lesen.</translation>
    </message>
    <message>
        <source>Plug it in again.</source>
        <translation>Wieder anschließen.</translation>
    </message>
    <message>
        <source>Plug it in, or choose another.</source>
        <translation>Anschließen oder eine andere wählen.</translation>
    </message>
    <message>
        <source>Point to a folder that holds a whole model.</source>
        <translation>Einen Ordner angeben, der ein ganzes Modell enthält.</translation>
    </message>
    <message>
        <source>Private browsing</source>
        <translation>Privates Surfen</translation>
    </message>
    <message>
        <source>Quit the program everywhere and start it again: an older one is still running.</source>
        <translation>Das Programm überall beenden und neu starten: Ein älteres läuft noch.</translation>
    </message>
    <message>
        <source>Raise the budget in the settings.</source>
        <translation>In den Einstellungen mehr Platz einräumen.</translation>
    </message>
    <message>
        <source>Rates</source>
        <translation>Raten</translation>
    </message>
    <message>
        <source>Reading text from pictures fails; see the log.</source>
        <translation>Text aus Bildern lässt sich nicht lesen; Näheres im Protokoll.</translation>
    </message>
    <message>
        <source>Record</source>
        <translation>Aufnehmen</translation>
    </message>
    <message>
        <source>Record all of them (an empty capture.monitors), or install afterimage[wayland] and PipeWire.</source>
        <translation>Alle aufnehmen (capture.monitors leer lassen) oder afterimage[wayland] und PipeWire installieren.</translation>
    </message>
    <message>
        <source>Record on start</source>
        <translation>Aufnahme beim Start</translation>
    </message>
    <message>
        <source>Record whole monitors (an empty capture.region), or log in to a session on Xorg.</source>
        <translation>Ganze Monitore aufnehmen (capture.region leer lassen) oder in einer Xorg-Sitzung anmelden.</translation>
    </message>
    <message>
        <source>Recording goes on when it is back.</source>
        <translation>Die Aufnahme geht weiter, wenn er wieder da ist.</translation>
    </message>
    <message>
        <source>Recording is about to begin.</source>
        <translation>Die Aufnahme beginnt gleich.</translation>
    </message>
    <message>
        <source>Refuse</source>
        <translation>Ablehnen</translation>
    </message>
    <message>
        <source>Region</source>
        <translation>Bereich</translation>
    </message>
    <message>
        <source>Remove it, or choose another place with {0}.</source>
        <translation>Ihn entfernen oder mit {0} einen anderen Ort wählen.</translation>
    </message>
    <message>
        <source>Remove what lies there, or choose another place with AFTERIMAGE_HOME.</source>
        <translation>Entfernen, was dort liegt, oder mit AFTERIMAGE_HOME einen anderen Ort wählen.</translation>
    </message>
    <message>
        <source>Rename it, or leave them out.</source>
        <translation>Umbenennen oder sie weglassen.</translation>
    </message>
    <message>
        <source>Restart the program and try again.</source>
        <translation>Das Programm neu starten und noch einmal versuchen.</translation>
    </message>
    <message>
        <source>Restart the program.</source>
        <translation>Das Programm neu starten.</translation>
    </message>
    <message>
        <source>Restart the program: its parts are of different versions.</source>
        <translation>Das Programm neu starten: Seine Teile haben verschiedene Versionen.</translation>
    </message>
    <message>
        <source>Restart the program: its parts differ in version.</source>
        <translation>Das Programm neu starten: Seine Teile haben verschiedene Versionen.</translation>
    </message>
    <message>
        <source>Run `afterimage models get {0}` again.</source>
        <translation>`afterimage models get {0}` noch einmal ausführen.</translation>
    </message>
    <message>
        <source>See `afterimage doctor`, or restart it.</source>
        <translation>Näheres sagt `afterimage doctor`; oder neu starten.</translation>
    </message>
    <message>
        <source>Shorten it.</source>
        <translation>Kürzen.</translation>
    </message>
    <message>
        <source>Snapshots (GB)</source>
        <translation>Sicherungen (GB)</translation>
    </message>
    <message>
        <source>Sources are: screen, webcam, or a path.</source>
        <translation>Quellen sind: screen, webcam oder ein Pfad.</translation>
    </message>
    <message>
        <source>Start afresh.</source>
        <translation>Neu beginnen.</translation>
    </message>
    <message>
        <source>Start it again.</source>
        <translation>Neu starten.</translation>
    </message>
    <message>
        <source>Start it with `afterimage` or `afterimage watch`.</source>
        <translation>Mit `afterimage` oder `afterimage watch` starten.</translation>
    </message>
    <message>
        <source>Start it with `afterimage`.</source>
        <translation>Mit `afterimage` starten.</translation>
    </message>
    <message>
        <source>Start the program from a desktop session, or with a virtual screen (python3 dev.py run --virtual).</source>
        <translation>Das Programm in einer Desktop-Sitzung starten oder mit einem virtuellen Bildschirm (python3 dev.py run --virtual).</translation>
    </message>
    <message>
        <source>Start the program from a desktop session.</source>
        <translation>Das Programm in einer Desktop-Sitzung starten.</translation>
    </message>
    <message>
        <source>Start with a fresh memory; the timeline is not touched.</source>
        <translation>Mit einem neuen Gedächtnis beginnen; die Zeitleiste bleibt unberührt.</translation>
    </message>
    <message>
        <source>Still interval</source>
        <translation>Abstand bei Stillstand</translation>
    </message>
    <message>
        <source>Sway does not answer.</source>
        <translation>Sway antwortet nicht.</translation>
    </message>
    <message>
        <source>System</source>
        <translation>System</translation>
    </message>
    <message>
        <source>The chat template cannot be used: {0}.</source>
        <translation>Die Chat-Vorlage ist nicht zu gebrauchen: {0}.</translation>
    </message>
    <message>
        <source>The chat template drops the user&apos;s text.</source>
        <translation>Die Chat-Vorlage lässt den Text der Frage weg.</translation>
    </message>
    <message>
        <source>The chosen region lies outside the desktop.</source>
        <translation>Der gewählte Bereich liegt außerhalb des Desktops.</translation>
    </message>
    <message>
        <source>The demo framing takes one picture an observation.</source>
        <translation>Die Demo-Form nimmt ein Bild je Beobachtung.</translation>
    </message>
    <message>
        <source>The desktop could not do this ({0}).</source>
        <translation>Der Desktop konnte das nicht ({0}).</translation>
    </message>
    <message>
        <source>The desktop ended the screen cast.</source>
        <translation>Der Desktop hat die Bildschirmübertragung beendet.</translation>
    </message>
    <message>
        <source>The desktop handed out no picture of the screen.</source>
        <translation>Der Desktop hat kein Bild des Bildschirms herausgegeben.</translation>
    </message>
    <message>
        <source>The desktop hands out no monitor.</source>
        <translation>Der Desktop gibt keinen Monitor heraus.</translation>
    </message>
    <message>
        <source>The desktop was told not to allow this.</source>
        <translation>Dem Desktop wurde gesagt, das nicht zu erlauben.</translation>
    </message>
    <message>
        <source>The desktop&apos;s picture of the screen cannot be read.</source>
        <translation>Das Bild, das der Desktop vom Bildschirm gab, lässt sich nicht lesen.</translation>
    </message>
    <message>
        <source>The disk has no room for the export: nothing of it was kept.</source>
        <translation>Auf der Platte ist kein Platz für den Export: Nichts davon blieb zurück.</translation>
    </message>
    <message>
        <source>The disk is full, or the timeline&apos;s budget is used up: recording has stopped.</source>
        <translation>Die Platte ist voll oder der Platz der Zeitleiste aufgebraucht: Die Aufnahme ist angehalten.</translation>
    </message>
    <message>
        <source>The disk is full.</source>
        <translation>Die Platte ist voll.</translation>
    </message>
    <message>
        <source>The disk is full: recording has stopped.</source>
        <translation>Die Platte ist voll: Die Aufnahme ist angehalten.</translation>
    </message>
    <message>
        <source>The display went away.</source>
        <translation>Der Bildschirm ist verschwunden.</translation>
    </message>
    <message>
        <source>The download is damaged: {0}</source>
        <translation>Der Download ist beschädigt: {0}</translation>
    </message>
    <message>
        <source>The engine answered with something else.</source>
        <translation>Der Dienst hat etwas anderes geantwortet.</translation>
    </message>
    <message>
        <source>The engine cannot be reached at {0}: {1}.</source>
        <translation>Der Dienst ist unter {0} nicht erreichbar: {1}.</translation>
    </message>
    <message>
        <source>The engine cannot be reached.</source>
        <translation>Der Dienst ist nicht erreichbar.</translation>
    </message>
    <message>
        <source>The engine cannot start: the disk is full.</source>
        <translation>Der Dienst kann nicht starten: Die Platte ist voll.</translation>
    </message>
    <message>
        <source>The engine could not be started: {0}.</source>
        <translation>Der Dienst ließ sich nicht starten: {0}.</translation>
    </message>
    <message>
        <source>The engine could not do this because of a bug.</source>
        <translation>Der Dienst konnte das wegen eines Programmfehlers nicht.</translation>
    </message>
    <message>
        <source>The engine ended at once (exit status {0}).</source>
        <translation>Der Dienst endete sofort (Status {0}).</translation>
    </message>
    <message>
        <source>The engine ended unexpectedly; it is started again.</source>
        <translation>Der Dienst endete unerwartet; er wird neu gestartet.</translation>
    </message>
    <message>
        <source>The engine has ended the subscription.</source>
        <translation>Der Dienst hat die Meldungen beendet.</translation>
    </message>
    <message>
        <source>The engine has not answered for {0} seconds.</source>
        <translation>Der Dienst hat seit {0} Sekunden nicht geantwortet.</translation>
    </message>
    <message>
        <source>The engine has told nothing for {0} seconds.</source>
        <translation>Der Dienst hat sich seit {0} Sekunden nicht gemeldet.</translation>
    </message>
    <message>
        <source>The engine is ending.</source>
        <translation>Der Dienst wird beendet.</translation>
    </message>
    <message>
        <source>The engine process; started by itself.</source>
        <translation>Der Dienst; startet von selbst.</translation>
    </message>
    <message>
        <source>The engine speaks version {0} of the protocol, the asker {1}.</source>
        <translation>Der Dienst spricht Version {0} des Protokolls, der Fragende {1}.</translation>
    </message>
    <message>
        <source>The engine was started but has not answered within {0} seconds.</source>
        <translation>Der Dienst wurde gestartet, hat aber innerhalb von {0} Sekunden nicht geantwortet.</translation>
    </message>
    <message>
        <source>The engine went away.</source>
        <translation>Der Dienst ist verschwunden.</translation>
    </message>
    <message>
        <source>The export cannot be written: {0}.</source>
        <translation>Der Export lässt sich nicht schreiben: {0}.</translation>
    </message>
    <message>
        <source>The export failed because of a bug.</source>
        <translation>Der Export misslang wegen eines Programmfehlers.</translation>
    </message>
    <message>
        <source>The first picture has not arrived yet.</source>
        <translation>Das erste Bild ist noch nicht angekommen.</translation>
    </message>
    <message>
        <source>The folder to export to is not given in full.</source>
        <translation>Der Ordner für den Export ist nicht vollständig angegeben.</translation>
    </message>
    <message>
        <source>The folder {0} belongs to somebody else.</source>
        <translation>Der Ordner {0} gehört jemand anderem.</translation>
    </message>
    <message>
        <source>The folder {0} cannot be made or used: {1}.</source>
        <translation>Der Ordner {0} lässt sich nicht anlegen oder benutzen: {1}.</translation>
    </message>
    <message>
        <source>The hub cannot be reached or broke off ({0}).</source>
        <translation>Der Hub ist nicht erreichbar oder hat abgebrochen ({0}).</translation>
    </message>
    <message>
        <source>The hub gives {0} only to those who accepted its terms.</source>
        <translation>Der Hub gibt {0} nur nach Zustimmung zu den Bedingungen heraus.</translation>
    </message>
    <message>
        <source>The hub has no model {0}.</source>
        <translation>Der Hub hat kein Modell {0}.</translation>
    </message>
    <message>
        <source>The log has what a report needs.</source>
        <translation>Im Protokoll steht, was eine Meldung braucht.</translation>
    </message>
    <message>
        <source>The machine may be very busy: try again. The log is {0}.</source>
        <translation>Vielleicht ist der Rechner sehr beschäftigt: noch einmal versuchen. Das Protokoll ist {0}.</translation>
    </message>
    <message>
        <source>The memory could not be saved: {0}.</source>
        <translation>Das Gedächtnis ließ sich nicht speichern: {0}.</translation>
    </message>
    <message>
        <source>The memory saved {0} UTC was damaged and is set aside; an older one is used, the timeline has the rest.</source>
        <translation>Das um {0} UTC gespeicherte Gedächtnis war beschädigt und liegt beiseite; ein älteres wird benutzt, den Rest hat die Zeitleiste.</translation>
    </message>
    <message>
        <source>The model could not be loaded; answers come from the timeline alone.</source>
        <translation>Das Modell ließ sich nicht laden; Antworten kommen nur aus der Zeitleiste.</translation>
    </message>
    <message>
        <source>The model does not fit into the memory of {0}.</source>
        <translation>Das Modell passt nicht in den Speicher von {0}.</translation>
    </message>
    <message>
        <source>The model failed on a picture; the timeline has it. See the log.</source>
        <translation>Das Modell scheiterte an einem Bild; die Zeitleiste hat es. Näheres im Protokoll.</translation>
    </message>
    <message>
        <source>The model needs {0} GB; {1} GB are free.</source>
        <translation>Das Modell braucht {0} GB; {1} GB sind frei.</translation>
    </message>
    <message>
        <source>The model {0} is not on this machine.</source>
        <translation>Das Modell {0} ist nicht auf diesem Rechner.</translation>
    </message>
    <message>
        <source>The nano model is built in; there is nothing to download.</source>
        <translation>Das Modell nano ist eingebaut; es gibt nichts herunterzuladen.</translation>
    </message>
    <message>
        <source>The other side sent a message that this version does not know.</source>
        <translation>Die andere Seite hat eine Nachricht geschickt, die diese Version nicht kennt.</translation>
    </message>
    <message>
        <source>The others go on.</source>
        <translation>Die anderen laufen weiter.</translation>
    </message>
    <message>
        <source>The others go on; it is taken up again when it is back.</source>
        <translation>Die anderen laufen weiter; er ist wieder dabei, sobald er da ist.</translation>
    </message>
    <message>
        <source>The picture cannot be read.</source>
        <translation>Das Bild lässt sich nicht lesen.</translation>
    </message>
    <message>
        <source>The question has {0} characters; the most is {1}.</source>
        <translation>Die Frage hat {0} Zeichen; höchstens {1} sind möglich.</translation>
    </message>
    <message>
        <source>The question is empty.</source>
        <translation>Die Frage ist leer.</translation>
    </message>
    <message>
        <source>The question is {0} characters long; the limit is {1}.</source>
        <translation>Die Frage ist {0} Zeichen lang; die Grenze ist {1}.</translation>
    </message>
    <message>
        <source>The question takes {0} tokens; this model reads at most {1}.</source>
        <translation>Die Frage braucht {0} Token; dieses Modell liest höchstens {1}.</translation>
    </message>
    <message>
        <source>The request was cancelled.</source>
        <translation>Die Anfrage wurde abgebrochen.</translation>
    </message>
    <message>
        <source>The saved memory {0} belongs to another model.</source>
        <translation>Das gespeicherte Gedächtnis {0} gehört zu einem anderen Modell.</translation>
    </message>
    <message>
        <source>The saved memory {0} does not match its checksum.</source>
        <translation>Das gespeicherte Gedächtnis {0} passt nicht zu seiner Prüfsumme.</translation>
    </message>
    <message>
        <source>The saved memory {0} has another shape than this model&apos;s.</source>
        <translation>Das gespeicherte Gedächtnis {0} hat eine andere Form als das dieses Modells.</translation>
    </message>
    <message>
        <source>The saved memory {0} is damaged or cut short: {1}.</source>
        <translation>Das gespeicherte Gedächtnis {0} ist beschädigt oder unvollständig: {1}.</translation>
    </message>
    <message>
        <source>The saved memory {0} is of another version.</source>
        <translation>Das gespeicherte Gedächtnis {0} stammt aus einer anderen Version.</translation>
    </message>
    <message>
        <source>The screen cast brings no picture.</source>
        <translation>Die Bildschirmübertragung liefert kein Bild.</translation>
    </message>
    <message>
        <source>The screen cast broke off.</source>
        <translation>Die Bildschirmübertragung brach ab.</translation>
    </message>
    <message>
        <source>The screen is locked.</source>
        <translation>Der Bildschirm ist gesperrt.</translation>
    </message>
    <message>
        <source>The settings cannot be read ({0}); defaults are used.</source>
        <translation>Die Einstellungen lassen sich nicht lesen ({0}); die Standardwerte gelten.</translation>
    </message>
    <message>
        <source>The settings file is damaged and could not be set aside ({0}); defaults are used.</source>
        <translation>Die Einstellungsdatei ist beschädigt und ließ sich nicht beiseitelegen ({0}); die Standardwerte gelten.</translation>
    </message>
    <message>
        <source>The settings file was damaged. It is kept as {0}; defaults and the last exclusions are used.</source>
        <translation>Die Einstellungsdatei war beschädigt. Sie liegt jetzt als {0} bereit; es gelten die Standardwerte und die letzten Ausschlüsse.</translation>
    </message>
    <message>
        <source>The settings file: {0}</source>
        <translation>Die Einstellungsdatei: {0}</translation>
    </message>
    <message>
        <source>The span of time ends before it begins.</source>
        <translation>Der Zeitraum endet, bevor er beginnt.</translation>
    </message>
    <message>
        <source>The system handed out an empty picture of the screen.</source>
        <translation>Das System gab ein leeres Bild des Bildschirms heraus.</translation>
    </message>
    <message>
        <source>The table for searching by meaning is missing or damaged.</source>
        <translation>Die Tabelle für die Suche nach Bedeutung fehlt oder ist beschädigt.</translation>
    </message>
    <message>
        <source>The text to search for is too long.</source>
        <translation>Der gesuchte Text ist zu lang.</translation>
    </message>
    <message>
        <source>The time asked from lacks its time zone.</source>
        <translation>Der Zeit der Frage fehlt die Zeitzone.</translation>
    </message>
    <message>
        <source>The time to forget from lacks its time zone.</source>
        <translation>Der Zeit, ab der vergessen werden soll, fehlt die Zeitzone.</translation>
    </message>
    <message>
        <source>The timeline&apos;s budget is used up: recording has stopped.</source>
        <translation>Der Platz der Zeitleiste ist aufgebraucht: Die Aufnahme ist angehalten.</translation>
    </message>
    <message>
        <source>The timeline&apos;s file was damaged. {0} moments and {1} lines of text were recovered; the damaged file was kept as {2} until something is forgotten.</source>
        <translation>Die Datei der Zeitleiste war beschädigt. {0} Momente und {1} Textzeilen wurden gerettet; die beschädigte Datei liegt als {2} bereit, bis etwas vergessen wird.</translation>
    </message>
    <message>
        <source>The timeline&apos;s folder cannot be used.</source>
        <translation>Der Ordner der Zeitleiste ist nicht zu gebrauchen.</translation>
    </message>
    <message>
        <source>The title rule {0} is not a regular expression: {1}.</source>
        <translation>Die Titelregel {0} ist kein regulärer Ausdruck: {1}.</translation>
    </message>
    <message>
        <source>The weight files hold a superfluous {0}.</source>
        <translation>Die Gewichtsdateien enthalten ein überzähliges {0}.</translation>
    </message>
    <message>
        <source>The weight files {0} {1}{2}.</source>
        <translation>Gewichtsdateien: {0} {1}{2}.</translation>
    </message>
    <message>
        <source>Theme</source>
        <translation>Aussehen</translation>
    </message>
    <message>
        <source>There is no camera number {0}.</source>
        <translation>Es gibt keine Kamera Nummer {0}.</translation>
    </message>
    <message>
        <source>There is no device called {0}.</source>
        <translation>Es gibt kein Gerät namens {0}.</translation>
    </message>
    <message>
        <source>There is no model {0}.</source>
        <translation>Es gibt kein Modell {0}.</translation>
    </message>
    <message>
        <source>There is no room left for recording. It goes on by itself once there is.</source>
        <translation>Für die Aufnahme ist kein Platz mehr. Sie geht von selbst weiter, sobald welcher da ist.</translation>
    </message>
    <message>
        <source>There is no saved memory at {0}.</source>
        <translation>Unter {0} liegt kein gespeichertes Gedächtnis.</translation>
    </message>
    <message>
        <source>There is no screen to watch: no X display answers.</source>
        <translation>Es gibt keinen Bildschirm zum Ansehen: Kein X-Display antwortet.</translation>
    </message>
    <message>
        <source>There is no screen to watch: the display does not answer.</source>
        <translation>Es gibt keinen Bildschirm zum Ansehen: Das Display antwortet nicht.</translation>
    </message>
    <message>
        <source>There is no setting {0}.</source>
        <translation>Es gibt keine Einstellung {0}.</translation>
    </message>
    <message>
        <source>There is not enough memory for the model&apos;s next step.</source>
        <translation>Für den nächsten Schritt des Modells reicht der Speicher nicht.</translation>
    </message>
    <message>
        <source>There is nothing to export.</source>
        <translation>Es gibt nichts zu exportieren.</translation>
    </message>
    <message>
        <source>There is nothing to watch.</source>
        <translation>Es gibt nichts zum Ansehen.</translation>
    </message>
    <message>
        <source>This Wayland desktop cannot be reached: no message bus answers.</source>
        <translation>Dieser Wayland-Desktop ist nicht erreichbar: Kein Nachrichtenbus antwortet.</translation>
    </message>
    <message>
        <source>This Wayland desktop does not hand out single monitors.</source>
        <translation>Dieser Wayland-Desktop gibt einzelne Monitore nicht heraus.</translation>
    </message>
    <message>
        <source>This Wayland desktop has no portal that hands out the screen.</source>
        <translation>Dieser Wayland-Desktop hat kein Portal, das den Bildschirm herausgibt.</translation>
    </message>
    <message>
        <source>This answer is not in the history any more.</source>
        <translation>Diese Antwort steht nicht mehr im Verlauf.</translation>
    </message>
    <message>
        <source>This could not be done because of a bug.</source>
        <translation>Das ging wegen eines Programmfehlers nicht.</translation>
    </message>
    <message>
        <source>This desktop does not tell which windows are open, so your exclusions cannot be kept. Log in to a session on Xorg, or set privacy.without_window_list to record.</source>
        <translation>Dieser Desktop verrät nicht, welche Fenster offen sind; die Ausschlüsse lassen sich deshalb nicht einhalten. In einer Xorg-Sitzung anmelden oder privacy.without_window_list auf record setzen.</translation>
    </message>
    <message>
        <source>This desktop is no longer watched.</source>
        <translation>Dieser Desktop wird nicht mehr angesehen.</translation>
    </message>
    <message>
        <source>This holds characters that cannot be sent.</source>
        <translation>Darin sind Zeichen, die sich nicht senden lassen.</translation>
    </message>
    <message>
        <source>This is a Wayland session, which does not let programs watch the screen through X.</source>
        <translation>Das ist eine Wayland-Sitzung; sie lässt Programme den Bildschirm nicht über X ansehen.</translation>
    </message>
    <message>
        <source>This is under way already.</source>
        <translation>Das läuft schon.</translation>
    </message>
    <message>
        <source>This machine has no {0}.</source>
        <translation>Dieser Rechner hat kein {0}.</translation>
    </message>
    <message>
        <source>This model has no safetensors weights.</source>
        <translation>Dieses Modell hat keine Gewichte im Format safetensors.</translation>
    </message>
    <message>
        <source>This model&apos;s file names lead out of its folder: it is not to be trusted.</source>
        <translation>Die Dateinamen dieses Modells führen aus seinem Ordner hinaus: Ihm ist nicht zu trauen.</translation>
    </message>
    <message>
        <source>This moment has no picture any more.</source>
        <translation>Dieser Moment hat kein Bild mehr.</translation>
    </message>
    <message>
        <source>This monitor is no longer watched.</source>
        <translation>Dieser Monitor wird nicht mehr angesehen.</translation>
    </message>
    <message>
        <source>Titles</source>
        <translation>Titel</translation>
    </message>
    <message>
        <source>Too many requests at once, or two of one number.</source>
        <translation>Zu viele Anfragen auf einmal, oder zwei mit derselben Nummer.</translation>
    </message>
    <message>
        <source>Type one.</source>
        <translation>Eine eingeben.</translation>
    </message>
    <message>
        <source>Type what you want to know.</source>
        <translation>Eingeben, was gesucht ist.</translation>
    </message>
    <message>
        <source>Use &quot;auto&quot; or &quot;cpu&quot;.</source>
        <translation>„auto“ oder „cpu“ wählen.</translation>
    </message>
    <message>
        <source>Use &quot;auto&quot;, &quot;cpu&quot; or &quot;cuda&quot;.</source>
        <translation>„auto“, „cpu“ oder „cuda“ wählen.</translation>
    </message>
    <message>
        <source>Use a PNG, JPEG, WebP or AVIF of a moderate size.</source>
        <translation>Ein PNG, JPEG, WebP oder AVIF von mäßiger Größe nehmen.</translation>
    </message>
    <message>
        <source>Wait until it is done, or cancel it.</source>
        <translation>Abwarten, bis es fertig ist, oder es abbrechen.</translation>
    </message>
    <message>
        <source>Waiting for the model.</source>
        <translation>Warten auf das Modell.</translation>
    </message>
    <message>
        <source>Webcam</source>
        <translation>Webcam</translation>
    </message>
    <message>
        <source>Webcam rate</source>
        <translation>Rate der Webcam</translation>
    </message>
    <message>
        <source>What is on the screen is excluded from recording.</source>
        <translation>Was auf dem Bildschirm ist, ist von der Aufnahme ausgeschlossen.</translation>
    </message>
    <message>
        <source>Without window list</source>
        <translation>Ohne Fensterliste</translation>
    </message>
    <message>
        <source>Write it as `a, b` or `[&quot;a&quot;, &quot;b&quot;]`.</source>
        <translation>Die Schreibweise ist `a, b` oder `[&quot;a&quot;, &quot;b&quot;]`.</translation>
    </message>
    <message>
        <source>Write one.</source>
        <translation>Eine eingeben.</translation>
    </message>
    <message>
        <source>You may not use camera number {0}.</source>
        <translation>Kamera Nummer {0} darf nicht benutzt werden.</translation>
    </message>
    <message>
        <source>`afterimage doctor` says what is missing; the log is {0}.</source>
        <translation>`afterimage doctor` sagt, was fehlt; das Protokoll ist {0}.</translation>
    </message>
    <message>
        <source>`afterimage models list` shows them.</source>
        <translation>`afterimage models list` zeigt sie.</translation>
    </message>
    <message>
        <source>`afterimage settings get {0}` explains it.</source>
        <translation>`afterimage settings get {0}` erklärt es.</translation>
    </message>
    <message>
        <source>`afterimage settings` lists them all.</source>
        <translation>`afterimage settings` zeigt sie alle.</translation>
    </message>
    <message>
        <source>a folder of your own</source>
        <translation>ein eigener Ordner</translation>
    </message>
    <message>
        <source>a rate is written like DP-1 = 0.5, at least one frame a minute and at most 30 a second</source>
        <translation>eine Rate schreibt sich wie DP-1 = 0.5, mindestens ein Bild je Minute und höchstens 30 je Sekunde</translation>
    </message>
    <message>
        <source>age in days after which moments are deleted</source>
        <translation>Alter in Tagen, nach dem Momente gelöscht werden</translation>
    </message>
    <message>
        <source>application {0}</source>
        <translation>Programm {0}</translation>
    </message>
    <message>
        <source>applications never recorded; * and ? stand for any characters</source>
        <translation>Programme, die nie aufgenommen werden; * und ? stehen für beliebige Zeichen</translation>
    </message>
    <message>
        <source>asks about a part of the screen</source>
        <translation>fragt zu einem Teil des Bildschirms</translation>
    </message>
    <message>
        <source>built in: small, for every machine</source>
        <translation>eingebaut: klein, für jeden Rechner</translation>
    </message>
    <message>
        <source>downloaded</source>
        <translation>heruntergeladen</translation>
    </message>
    <message>
        <source>downloading</source>
        <translation>wird heruntergeladen</translation>
    </message>
    <message>
        <source>exclude windows whose title says that they browse privately</source>
        <translation>Fenster ausschließen, deren Titel privates Surfen verrät</translation>
    </message>
    <message>
        <source>folder with a model&apos;s weights; empty: the built-in one</source>
        <translation>Ordner mit den Gewichten eines Modells; leer: das eingebaute</translation>
    </message>
    <message>
        <source>frames a second of a camera</source>
        <translation>Bilder je Sekunde von einer Kamera</translation>
    </message>
    <message>
        <source>frames a second while things change</source>
        <translation>Bilder je Sekunde, während sich etwas ändert</translation>
    </message>
    <message>
        <source>go on recording after the desktop app was quit, with no icon that shows it</source>
        <translation>weiter aufnehmen, nachdem das Programm beendet wurde, ohne Symbol, das es zeigt</translation>
    </message>
    <message>
        <source>keep no pictures and no text on disk, only the memory state</source>
        <translation>weder Bilder noch Text auf der Platte speichern, nur den Stand des Gedächtnisses</translation>
    </message>
    <message>
        <source>left, top, width, height in desktop pixels, recorded instead of whole monitors</source>
        <translation>links, oben, Breite, Höhe in Pixeln des Desktops; wird statt ganzer Monitore aufgenommen</translation>
    </message>
    <message>
        <source>mask: paint excluded windows out; drop: keep no frame while one is visible</source>
        <translation>Verdecken: ausgeschlossene Fenster übermalen; Verwerfen: kein Bild behalten, solange eines zu sehen ist</translation>
    </message>
    <message>
        <source>most disk space for pictures and text, in GB</source>
        <translation>höchster Platzbedarf für Bilder und Text, in GB</translation>
    </message>
    <message>
        <source>most disk space for saved memory states, in GB</source>
        <translation>höchster Platzbedarf für gespeicherte Stände des Gedächtnisses, in GB</translation>
    </message>
    <message>
        <source>names of the monitors to record; none: all of them</source>
        <translation>Namen der Monitore, die aufgenommen werden; keine: alle</translation>
    </message>
    <message>
        <source>not a regular expression: {0}</source>
        <translation>kein regulärer Ausdruck: {0}</translation>
    </message>
    <message>
        <source>opens the window with the question field</source>
        <translation>öffnet das Fenster mit dem Fragefeld</translation>
    </message>
    <message>
        <source>private browsing</source>
        <translation>privates Surfen</translation>
    </message>
    <message>
        <source>record the first camera too, whenever the screen is recorded; the tray shows it</source>
        <translation>auch die erste Kamera aufnehmen, wenn der Bildschirm aufgenommen wird; der Infobereich zeigt es</translation>
    </message>
    <message>
        <source>recording stops when less disk space is free, in GB</source>
        <translation>die Aufnahme hält an, wenn weniger Platz frei ist, in GB</translation>
    </message>
    <message>
        <source>regular expressions; windows whose title matches are excluded</source>
        <translation>reguläre Ausdrücke; Fenster, deren Titel dazu passt, sind ausgeschlossen</translation>
    </message>
    <message>
        <source>seconds between frames while nothing changes</source>
        <translation>Sekunden zwischen Bildern, während sich nichts ändert</translation>
    </message>
    <message>
        <source>should be a valid boolean, unable to interpret input</source>
        <translation>muss an oder aus sein</translation>
    </message>
    <message>
        <source>should be a valid number, unable to parse string as a number</source>
        <translation>muss eine Zahl sein</translation>
    </message>
    <message>
        <source>should be greater than or equal to {0}</source>
        <translation>muss mindestens {0} sein</translation>
    </message>
    <message>
        <source>should be greater than {0}</source>
        <translation>muss größer als {0} sein</translation>
    </message>
    <message>
        <source>should be less than or equal to {0}</source>
        <translation>darf höchstens {0} sein</translation>
    </message>
    <message>
        <source>should be {0} or {1}</source>
        <translation>muss {0} oder {1} sein</translation>
    </message>
    <message>
        <source>should be {0}, {1} or {2}</source>
        <translation>muss {0}, {1} oder {2} sein</translation>
    </message>
    <message>
        <source>start recording when the desktop app starts</source>
        <translation>mit dem Start des Programms auch die Aufnahme starten</translation>
    </message>
    <message>
        <source>the first run&apos;s question was answered with yes: recording is allowed</source>
        <translation>die Frage beim ersten Start wurde mit Ja beantwortet: Aufnehmen ist erlaubt</translation>
    </message>
    <message>
        <source>the language of the windows; a change counts from the next start</source>
        <translation>die Sprache der Fenster; eine Änderung gilt ab dem nächsten Start</translation>
    </message>
    <message>
        <source>the look of the windows</source>
        <translation>das Aussehen der Fenster</translation>
    </message>
    <message>
        <source>the most frames a second of single monitors or cameras, each as DP-1 = 0.5</source>
        <translation>höchstens so viele Bilder je Sekunde von einzelnen Monitoren oder Kameras, jeweils wie DP-1 = 0.5</translation>
    </message>
    <message>
        <source>title {0}</source>
        <translation>Titel {0}</translation>
    </message>
    <message>
        <source>verifying {0}</source>
        <translation>{0} wird geprüft</translation>
    </message>
    <message>
        <source>where the desktop tells no windows, rules cannot be kept: refuse to record, or record all</source>
        <translation>wo der Desktop seine Fenster nicht verrät, lassen sich Regeln nicht einhalten: Aufnahme ablehnen oder alles aufnehmen</translation>
    </message>
    <message>
        <source>where the model runs</source>
        <translation>wo das Modell läuft</translation>
    </message>
    <message>
        <source>window list unreadable</source>
        <translation>Fensterliste nicht lesbar</translation>
    </message>
    <message>
        <source>{0} Until then, answers come from the timeline alone.</source>
        <translation>{0} Bis dahin kommen Antworten nur aus der Zeitleiste.</translation>
    </message>
    <message>
        <source>{0} and its scale do not fit together, or not the configuration.</source>
        <translation>{0} und die Skalierung dazu passen nicht zusammen oder nicht zur Konfiguration.</translation>
    </message>
    <message>
        <source>{0} cannot be reached.</source>
        <translation>{0} ist nicht erreichbar.</translation>
    </message>
    <message>
        <source>{0} cannot be read: {1}.</source>
        <translation>{0} lässt sich nicht lesen: {1}.</translation>
    </message>
    <message>
        <source>{0} cannot be that: {1}.</source>
        <translation>{0} kann das nicht sein: {1}.</translation>
    </message>
    <message>
        <source>{0} cannot be written: {1}.</source>
        <translation>{0} lässt sich nicht schreiben: {1}.</translation>
    </message>
    <message>
        <source>{0} cannot do this here ({1}).</source>
        <translation>{0} kann das hier nicht ({1}).</translation>
    </message>
    <message>
        <source>{0} does not answer.</source>
        <translation>{0} antwortet nicht.</translation>
    </message>
    <message>
        <source>{0} does not match its checksum.</source>
        <translation>{0} passt nicht zur Prüfsumme.</translation>
    </message>
    <message>
        <source>{0} exists already.</source>
        <translation>{0} gibt es schon.</translation>
    </message>
    <message>
        <source>{0} has no list of checksums: it was not downloaded by this program.</source>
        <translation>{0} hat keine Liste von Prüfsummen: Es wurde nicht von diesem Programm heruntergeladen.</translation>
    </message>
    <message>
        <source>{0} has shape {1}; the configuration wants {2}.</source>
        <translation>{0} hat die Form {1}; die Konfiguration verlangt {2}.</translation>
    </message>
    <message>
        <source>{0} holds no *.safetensors file.</source>
        <translation>{0} enthält keine Datei *.safetensors.</translation>
    </message>
    <message>
        <source>{0} holds {1} a second time.</source>
        <translation>{0} enthält {1} ein zweites Mal.</translation>
    </message>
    <message>
        <source>{0} holds {1} without a scale.</source>
        <translation>{0} enthält {1} ohne Skalierung.</translation>
    </message>
    <message>
        <source>{0} is damaged or cut short: {1}.</source>
        <translation>{0} ist beschädigt oder unvollständig: {1}.</translation>
    </message>
    <message>
        <source>{0} is missing.</source>
        <translation>{0} fehlt.</translation>
    </message>
    <message>
        <source>{0} is not a JSON object.</source>
        <translation>{0} ist kein JSON-Objekt.</translation>
    </message>
    <message>
        <source>{0} is not a readable index of weights.</source>
        <translation>{0} ist kein lesbarer Index von Gewichten.</translation>
    </message>
    <message>
        <source>{0} is not as expected: {1}.</source>
        <translation>{0} ist nicht wie erwartet: {1}.</translation>
    </message>
    <message>
        <source>{0} is not what was published; it was deleted.</source>
        <translation>{0} ist nicht das Veröffentlichte; es wurde gelöscht.</translation>
    </message>
    <message>
        <source>{0} lacks {1}.</source>
        <translation>{0} fehlt {1}.</translation>
    </message>
    <message>
        <source>{0} needs a list.</source>
        <translation>{0} braucht eine Liste.</translation>
    </message>
</context>
<context>
    <name>Exchange</name>
    <message>
        <source>Answer</source>
        <translation>Antwort</translation>
    </message>
    <message>
        <source>Ask again</source>
        <translation>Noch einmal fragen</translation>
    </message>
    <message>
        <source>Copy the answer</source>
        <translation>Antwort kopieren</translation>
    </message>
    <message>
        <source>From memory</source>
        <translation>Aus dem Gedächtnis</translation>
    </message>
    <message>
        <source>From memory and what was recorded</source>
        <translation>Aus Gedächtnis und Aufzeichnung</translation>
    </message>
    <message>
        <source>From what was recorded</source>
        <translation>Aus der Aufzeichnung</translation>
    </message>
    <message>
        <source>Looking back…</source>
        <translation>Blick zurück…</translation>
    </message>
    <message>
        <source>Not seen</source>
        <translation>Nicht gesehen</translation>
    </message>
    <message>
        <source>Nothing remembered or recorded answers this.</source>
        <translation>Weder Gedächtnis noch Aufzeichnung beantworten das.</translation>
    </message>
    <message>
        <source>Read in the picture</source>
        <translation>Im Bild gelesen</translation>
    </message>
    <message>
        <source>Stopped</source>
        <translation>Abgebrochen</translation>
    </message>
    <message>
        <source>Stopped before an answer.</source>
        <translation>Vor einer Antwort abgebrochen.</translation>
    </message>
    <message>
        <source>Taken to go on from “{question}”</source>
        <translation>Verstanden als Fortsetzung von „{question}“</translation>
    </message>
    <message>
        <source>The answer comes from stored moments, shown below it.</source>
        <translation>Die Antwort stammt aus gespeicherten Momenten, die darunter stehen.</translation>
    </message>
    <message>
        <source>The answer stands in the picture that was asked about.</source>
        <translation>Die Antwort steht in dem Bild, um das es ging.</translation>
    </message>
    <message>
        <source>The model answered from what it remembers; no stored picture was looked at.</source>
        <translation>Das Modell hat aus dem Gedächtnis geantwortet; kein gespeichertes Bild wurde angesehen.</translation>
    </message>
    <message>
        <source>The picture that was asked about</source>
        <translation>Das Bild zur Frage</translation>
    </message>
    <message>
        <source>This answer is wrong</source>
        <translation>Diese Antwort ist falsch</translation>
    </message>
    <message>
        <source>What the model remembers and the stored moments both went into the answer.</source>
        <translation>In die Antwort flossen das Gedächtnis des Modells und die gespeicherten Momente ein.</translation>
    </message>
    <message>
        <source>What would have been right?</source>
        <translation>Was wäre richtig gewesen?</translation>
    </message>
    <message>
        <source>What would have been right? It is kept on this computer only.</source>
        <translation>Was wäre richtig gewesen? Es bleibt auf diesem Computer.</translation>
    </message>
    <message>
        <source>under {seconds} s</source>
        <translation>unter {seconds} s</translation>
    </message>
    <message>
        <source>{seconds} s</source>
        <translation>{seconds} s</translation>
    </message>
</context>
<context>
    <name>ExportBar</name>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>Dismiss</source>
        <translation>Schließen</translation>
    </message>
    <message>
        <source>Exported to {folder}.</source>
        <translation>Exportiert nach {folder}.</translation>
    </message>
    <message>
        <source>Exporting to {folder}…</source>
        <translation>Export nach {folder}…</translation>
    </message>
    <message>
        <source>Progress of the export</source>
        <translation>Fortschritt des Exports</translation>
    </message>
    <message>
        <source>The export was cancelled; nothing of it was kept.</source>
        <translation>Der Export wurde abgebrochen; nichts davon blieb zurück.</translation>
    </message>
</context>
<context>
    <name>Filters</name>
    <message>
        <source>All days</source>
        <translation>Alle Tage</translation>
    </message>
    <message>
        <source>Any application</source>
        <translation>Alle Programme</translation>
    </message>
    <message>
        <source>Any source</source>
        <translation>Alle Quellen</translation>
    </message>
    <message>
        <source>Application</source>
        <translation>Programm</translation>
    </message>
    <message>
        <source>Day</source>
        <translation>Tag</translation>
    </message>
    <message>
        <source>From</source>
        <translation>Von</translation>
    </message>
    <message>
        <source>Search what was on the screen</source>
        <translation>Suchen, was auf dem Bildschirm war</translation>
    </message>
    <message>
        <source>Source</source>
        <translation>Quelle</translation>
    </message>
    <message>
        <source>The day after</source>
        <translation>Der Tag danach</translation>
    </message>
    <message>
        <source>The day before</source>
        <translation>Der Tag davor</translation>
    </message>
    <message>
        <source>The whole day</source>
        <translation>Der ganze Tag</translation>
    </message>
    <message>
        <source>Until</source>
        <translation>Bis</translation>
    </message>
    <message>
        <source>Window title</source>
        <translation>Fenstertitel</translation>
    </message>
    <message>
        <source>from</source>
        <translation>von</translation>
    </message>
    <message>
        <source>until</source>
        <translation>bis</translation>
    </message>
</context>
<context>
    <name>FirstChoices</name>
    <message>
        <source>Ask about a part of the screen</source>
        <translation>Zu einem Teil des Bildschirms fragen</translation>
    </message>
    <message>
        <source>Ask about what you saw</source>
        <translation>Zu Gesehenem fragen</translation>
    </message>
    <message>
        <source>Keys that work everywhere</source>
        <translation>Tasten, die überall gelten</translation>
    </message>
    <message>
        <source>Keys to ask</source>
        <translation>Tasten zum Fragen</translation>
    </message>
    <message>
        <source>Keys to snip and ask</source>
        <translation>Tasten für Ausschnitt und Frage</translation>
    </message>
    <message>
        <source>Looking for models…</source>
        <translation>Modelle werden gesucht…</translation>
    </message>
    <message>
        <source>The model that answers</source>
        <translation>Das Modell, das antwortet</translation>
    </message>
    <message>
        <source>{model}, downloaded after this</source>
        <translation>{model}, wird danach heruntergeladen</translation>
    </message>
</context>
<context>
    <name>HistoryList</name>
    <message>
        <source>Questions and answers</source>
        <translation>Fragen und Antworten</translation>
    </message>
</context>
<context>
    <name>HistoryWindow</name>
    <message numerus="yes">
        <source>%Ln question(s)</source>
        <translation>
            <numerusform>%Ln Frage</numerusform>
            <numerusform>%Ln Fragen</numerusform>
        </translation>
    </message>
    <message>
        <source>Afterimage: History</source>
        <translation>Afterimage: Verlauf</translation>
    </message>
    <message>
        <source>Delete</source>
        <translation>Löschen</translation>
    </message>
    <message>
        <source>Delete all…</source>
        <translation>Alle löschen…</translation>
    </message>
    <message>
        <source>Delete every question and answer? What your screen showed stays in the timeline.</source>
        <translation>Alle Fragen und Antworten löschen? Was auf dem Bildschirm war, bleibt in der Zeitleiste.</translation>
    </message>
    <message>
        <source>Dismiss</source>
        <translation>Schließen</translation>
    </message>
    <message>
        <source>Nothing matches.</source>
        <translation>Nichts passt dazu.</translation>
    </message>
    <message>
        <source>Nothing was asked yet. In memory-only mode, questions and answers are not kept.</source>
        <translation>Noch wurde nichts gefragt. Im Modus „Nur Gedächtnis“ werden Fragen und Antworten nicht gespeichert.</translation>
    </message>
    <message>
        <source>Search the history</source>
        <translation>Verlauf durchsuchen</translation>
    </message>
    <message>
        <source>Search what you asked and what was answered</source>
        <translation>Fragen und Antworten durchsuchen</translation>
    </message>
</context>
<context>
    <name>Hotkeys</name>
    <message>
        <source>A hotkey in the settings is none: write it like &lt;ctrl&gt;+&lt;alt&gt;+space.</source>
        <translation>Ein Tastenkürzel in den Einstellungen ist keines: Die Schreibweise ist &lt;ctrl&gt;+&lt;alt&gt;+space.</translation>
    </message>
    <message>
        <source>Afterimage: {keys}</source>
        <translation>Afterimage: {keys}</translation>
    </message>
    <message>
        <source>Another program uses the hotkey {keys}; choose another one in the settings.</source>
        <translation>Ein anderes Programm benutzt das Tastenkürzel {keys}; in den Einstellungen lässt sich ein anderes wählen.</translation>
    </message>
    <message>
        <source>Hotkeys of the whole desktop do not work here. Let your desktop&apos;s keyboard settings start `afterimage`: that brings the window up.</source>
        <translation>Tastenkürzel für den ganzen Desktop gehen hier nicht. Abhilfe: in den Tastatureinstellungen des Desktops `afterimage` starten lassen; das holt das Fenster nach vorn.</translation>
    </message>
    <message>
        <source>The system does not let programs listen for hotkeys.</source>
        <translation>Das System erlaubt Programmen keine Tastenkürzel.</translation>
    </message>
    <message>
        <source>Two hotkeys are the same; change one of them in the settings.</source>
        <translation>Zwei Tastenkürzel sind gleich; eines davon in den Einstellungen ändern.</translation>
    </message>
</context>
<context>
    <name>MemoryPanel</name>
    <message>
        <source>A Transformer&apos;s cache by now, computed from this model&apos;s own shape: {cache} ({each} a token)</source>
        <translation>Cache eines Transformers bis jetzt, aus der Form dieses Modells berechnet: {cache} ({each} je Token)</translation>
    </message>
    <message>
        <source>Afterimage: Memory</source>
        <translation>Afterimage: Gedächtnis</translation>
    </message>
    <message>
        <source>Changes of the screen that the model was shown.</source>
        <translation>Änderungen des Bildschirms, die das Modell gezeigt bekam.</translation>
    </message>
    <message>
        <source>Frames a second</source>
        <translation>Bilder je Sekunde</translation>
    </message>
    <message>
        <source>Frames seen</source>
        <translation>Bilder gesehen</translation>
    </message>
    <message>
        <source>How far back the memory reaches: since the first frame it holds.</source>
        <translation>Wie weit das Gedächtnis zurückreicht: seit dem ersten Bild darin.</translation>
    </message>
    <message>
        <source>Looked at over the last ten seconds.</source>
        <translation>Betrachtet über die letzten zehn Sekunden.</translation>
    </message>
    <message>
        <source>Measured; it is the same however much was seen.</source>
        <translation>Gemessen; gleich groß, wie viel auch gesehen wurde.</translation>
    </message>
    <message>
        <source>Model</source>
        <translation>Modell</translation>
    </message>
    <message>
        <source>No model is loaded.</source>
        <translation>Kein Modell ist geladen.</translation>
    </message>
    <message>
        <source>Pieces of pictures and text that the model took in.</source>
        <translation>Teile von Bildern und Text, die das Modell aufgenommen hat.</translation>
    </message>
    <message>
        <source>Remembered</source>
        <translation>Im Gedächtnis</translation>
    </message>
    <message>
        <source>Runs on</source>
        <translation>Läuft auf</translation>
    </message>
    <message>
        <source>Share of the frames that showed nothing new, since the engine started.</source>
        <translation>Anteil der Bilder ohne Neues, seit der Dienst läuft.</translation>
    </message>
    <message>
        <source>Size of the memory</source>
        <translation>Größe des Gedächtnisses</translation>
    </message>
    <message>
        <source>Size of the memory over time</source>
        <translation>Größe des Gedächtnisses im Lauf der Zeit</translation>
    </message>
    <message>
        <source>Size over time</source>
        <translation>Größe im Lauf der Zeit</translation>
    </message>
    <message>
        <source>Skipped as unchanged</source>
        <translation>Unverändert</translation>
    </message>
    <message>
        <source>The memory</source>
        <translation>Das Gedächtnis</translation>
    </message>
    <message>
        <source>The memory reaches back to {time} in {size}, and never takes more.</source>
        <translation>Das Gedächtnis reicht mit {size} zurück bis {time} und braucht nie mehr.</translation>
    </message>
    <message>
        <source>The memory takes {size}, and never more.</source>
        <translation>Das Gedächtnis braucht {size} und nie mehr.</translation>
    </message>
    <message>
        <source>This memory, measured: {size}</source>
        <translation>Dieses Gedächtnis, gemessen: {size}</translation>
    </message>
    <message>
        <source>Tokens seen</source>
        <translation>Token gesehen</translation>
    </message>
    <message>
        <source>What sees and remembers.</source>
        <translation>Was sieht und sich erinnert.</translation>
    </message>
    <message>
        <source>What the model saw last</source>
        <translation>Was das Modell zuletzt sah</translation>
    </message>
    <message>
        <source>Where the model is computed.</source>
        <translation>Wo das Modell rechnet.</translation>
    </message>
    <message>
        <source>{share} %</source>
        <translation>{share} %</translation>
    </message>
</context>
<context>
    <name>ModelView</name>
    <message>
        <source>A part that had changed</source>
        <translation>Ein Teil, der sich geändert hatte</translation>
    </message>
    <message>
        <source>Nothing was seen since the engine started.</source>
        <translation>Seit dem Start des Dienstes wurde nichts gesehen.</translation>
    </message>
    <message>
        <source>Overview as the model sees it</source>
        <translation>Überblick, wie das Modell ihn sieht</translation>
    </message>
</context>
<context>
    <name>ModelsPanel</name>
    <message>
        <source>A download is the only thing that uses the network. It can be cancelled and goes on later.</source>
        <translation>Nur ein Download benutzt das Netz. Er lässt sich abbrechen und geht später weiter.</translation>
    </message>
    <message>
        <source>All is well.</source>
        <translation>Alles in Ordnung.</translation>
    </message>
    <message>
        <source>Cancelled. What was downloaded stays for the next try.</source>
        <translation>Abgebrochen. Was schon heruntergeladen ist, bleibt für den nächsten Versuch.</translation>
    </message>
    <message>
        <source>Cancelled; not every file was looked at.</source>
        <translation>Abgebrochen; nicht jede Datei wurde geprüft.</translation>
    </message>
    <message>
        <source>Cancelled; the rest is as it was.</source>
        <translation>Abgebrochen; der Rest ist, wie er war.</translation>
    </message>
    <message>
        <source>Download</source>
        <translation>Herunterladen</translation>
    </message>
    <message>
        <source>Downloading {name}</source>
        <translation>{name} wird heruntergeladen</translation>
    </message>
    <message>
        <source>If a search misses what you know is there, make the index anew. Nothing is deleted by it.</source>
        <translation>Falls eine Suche etwas nicht findet, was da sein muss: den Index neu aufbauen. Dabei wird nichts gelöscht.</translation>
    </message>
    <message>
        <source>In use</source>
        <translation>In Gebrauch</translation>
    </message>
    <message>
        <source>Models</source>
        <translation>Modelle</translation>
    </message>
    <message>
        <source>Rebuild the index</source>
        <translation>Index neu aufbauen</translation>
    </message>
    <message>
        <source>Rebuilding the index</source>
        <translation>Der Index wird neu aufgebaut</translation>
    </message>
    <message>
        <source>Search index</source>
        <translation>Suchindex</translation>
    </message>
    <message>
        <source>The index is as new.</source>
        <translation>Der Index ist neu aufgebaut.</translation>
    </message>
    <message>
        <source>Use</source>
        <translation>Verwenden</translation>
    </message>
    <message>
        <source>Verify</source>
        <translation>Prüfen</translation>
    </message>
    <message>
        <source>Verifying {name}</source>
        <translation>{name} wird geprüft</translation>
    </message>
</context>
<context>
    <name>MomentCard</name>
    <message>
        <source>Opens this moment large</source>
        <translation>Zeigt diesen Moment groß</translation>
    </message>
</context>
<context>
    <name>MomentGrid</name>
    <message>
        <source>Ask about this moment</source>
        <translation>Zu diesem Moment fragen</translation>
    </message>
    <message numerus="yes">
        <source>Delete %Ln moment(s)…</source>
        <translation>
            <numerusform>%Ln Moment löschen…</numerusform>
            <numerusform>%Ln Momente löschen…</numerusform>
        </translation>
    </message>
    <message>
        <source>Delete…</source>
        <translation>Löschen…</translation>
    </message>
    <message>
        <source>Moments</source>
        <translation>Momente</translation>
    </message>
    <message>
        <source>Open</source>
        <translation>Öffnen</translation>
    </message>
</context>
<context>
    <name>MomentPainter</name>
    <message>
        <source>by meaning</source>
        <translation>der Bedeutung nach</translation>
    </message>
</context>
<context>
    <name>Overlay</name>
    <message>
        <source>Afterimage: Snip</source>
        <translation>Afterimage: Ausschnitt</translation>
    </message>
    <message>
        <source>Drag a region, click a window, or press Enter for the whole screen; Esc cancels</source>
        <translation>Bereich ziehen, Fenster anklicken oder Enter für den ganzen Bildschirm; Esc bricht ab</translation>
    </message>
    <message>
        <source>Tab marks one window after the other, Space chooses the marked one</source>
        <translation>Tab markiert ein Fenster nach dem anderen, die Leertaste wählt das markierte</translation>
    </message>
</context>
<context>
    <name>Presence</name>
    <message>
        <source>A window you excluded is on the screen; nothing of it is kept.</source>
        <translation>Ein ausgeschlossenes Fenster ist auf dem Bildschirm; davon wird nichts gespeichert.</translation>
    </message>
    <message>
        <source>Disk full</source>
        <translation>Speicher voll</translation>
    </message>
    <message>
        <source>Excluded now</source>
        <translation>Ausgeschlossen</translation>
    </message>
    <message>
        <source>It goes on at {time}.</source>
        <translation>Es geht weiter um {time}.</translation>
    </message>
    <message>
        <source>It goes on when you resume.</source>
        <translation>Es geht weiter nach „Fortsetzen“.</translation>
    </message>
    <message>
        <source>No picture has arrived for a while.</source>
        <translation>Seit einer Weile ist kein Bild angekommen.</translation>
    </message>
    <message>
        <source>No screen can be captured.</source>
        <translation>Kein Bildschirm lässt sich aufnehmen.</translation>
    </message>
    <message>
        <source>Not recording</source>
        <translation>Keine Aufnahme</translation>
    </message>
    <message>
        <source>Not responding</source>
        <translation>Keine Reaktion</translation>
    </message>
    <message>
        <source>Not running</source>
        <translation>Nicht gestartet</translation>
    </message>
    <message>
        <source>Nothing to record</source>
        <translation>Nichts aufzunehmen</translation>
    </message>
    <message>
        <source>Paused</source>
        <translation>Pausiert</translation>
    </message>
    <message>
        <source>Preparing the graphics card: {percent} %. This takes long the first time only; what is recorded waits.</source>
        <translation>Die Grafikkarte wird vorbereitet: {percent} %. Das dauert nur beim ersten Mal lange; was aufgenommen wird, wartet darauf.</translation>
    </message>
    <message>
        <source>Recording</source>
        <translation>Aufnahme</translation>
    </message>
    <message>
        <source>Recording goes on once it is unlocked.</source>
        <translation>Nach dem Entsperren geht die Aufnahme weiter.</translation>
    </message>
    <message>
        <source>Recording stopped. Nothing was lost; it goes on once there is room.</source>
        <translation>Die Aufnahme ist angehalten. Nichts ging verloren; sie geht weiter, sobald Platz ist.</translation>
    </message>
    <message>
        <source>Restarting</source>
        <translation>Neustart</translation>
    </message>
    <message>
        <source>Screen locked</source>
        <translation>Bildschirm gesperrt</translation>
    </message>
    <message>
        <source>Stalled</source>
        <translation>Stockt</translation>
    </message>
    <message>
        <source>Starting</source>
        <translation>Startet</translation>
    </message>
    <message>
        <source>The engine has not reported for some seconds.</source>
        <translation>Der Dienst hat sich seit einigen Sekunden nicht gemeldet.</translation>
    </message>
    <message>
        <source>The engine stopped and is being started again.</source>
        <translation>Der Dienst ist stehen geblieben und wird neu gestartet.</translation>
    </message>
    <message>
        <source>The engine was ended.</source>
        <translation>Der Dienst wurde beendet.</translation>
    </message>
    <message>
        <source>{state}, camera on</source>
        <translation>{state}, Kamera an</translation>
    </message>
</context>
<context>
    <name>RowDelegate</name>
    <message>
        <source>after “{question}”</source>
        <translation>nach „{question}“</translation>
    </message>
    <message>
        <source>you said this was wrong</source>
        <translation>als falsch markiert</translation>
    </message>
</context>
<context>
    <name>RulesPanel</name>
    <message>
        <source>Application</source>
        <translation>Programm</translation>
    </message>
    <message>
        <source>Exclude this application</source>
        <translation>Dieses Programm ausschließen</translation>
    </message>
    <message>
        <source>Exclude this title</source>
        <translation>Diesen Titel ausschließen</translation>
    </message>
    <message>
        <source>Hidden by: {rule}</source>
        <translation>Verborgen durch: {rule}</translation>
    </message>
    <message>
        <source>Open windows and what the rules do to them</source>
        <translation>Offene Fenster und was die Regeln mit ihnen tun</translation>
    </message>
    <message>
        <source>Open windows now</source>
        <translation>Fenster, die jetzt offen sind</translation>
    </message>
    <message>
        <source>Recorded</source>
        <translation>Wird aufgenommen</translation>
    </message>
    <message>
        <source>This desktop does not tell which windows are open, so no rule can be kept here.</source>
        <translation>Dieser Desktop verrät nicht, welche Fenster offen sind; deshalb lässt sich hier keine Regel einhalten.</translation>
    </message>
    <message>
        <source>Title</source>
        <translation>Titel</translation>
    </message>
    <message>
        <source>What happens</source>
        <translation>Was geschieht</translation>
    </message>
    <message>
        <source>What the rules above do to each of them, also while you type a rule. Choose one to exclude it.</source>
        <translation>Was die Regeln oben mit jedem davon tun, auch schon beim Tippen einer Regel. Zum Ausschließen eines wählen.</translation>
    </message>
</context>
<context>
    <name>SettingRow</name>
    <message>
        <source>Back to the default</source>
        <translation>Zurück zum Standard</translation>
    </message>
    <message>
        <source>One on each line</source>
        <translation>Eines in jeder Zeile</translation>
    </message>
    <message>
        <source>{setting}: back to the default</source>
        <translation>{setting}: zurück zum Standard</translation>
    </message>
</context>
<context>
    <name>Settings</name>
    <message>
        <source>Desktop</source>
        <translation>Desktop</translation>
    </message>
    <message>
        <source>Engine</source>
        <translation>Dienst</translation>
    </message>
    <message>
        <source>Model</source>
        <translation>Modell</translation>
    </message>
    <message>
        <source>Privacy</source>
        <translation>Privatsphäre</translation>
    </message>
    <message>
        <source>Recording</source>
        <translation>Aufnahme</translation>
    </message>
    <message>
        <source>Timeline</source>
        <translation>Zeitleiste</translation>
    </message>
</context>
<context>
    <name>SettingsWindow</name>
    <message>
        <source>Afterimage: Settings</source>
        <translation>Afterimage: Einstellungen</translation>
    </message>
    <message>
        <source>No setting has these words.</source>
        <translation>Keine Einstellung enthält diese Wörter.</translation>
    </message>
    <message>
        <source>Search the settings</source>
        <translation>Einstellungen durchsuchen</translation>
    </message>
    <message>
        <source>Settings</source>
        <translation>Einstellungen</translation>
    </message>
    <message>
        <source>The engine is starting; its settings come in a moment.</source>
        <translation>Der Dienst startet; seine Einstellungen kommen gleich.</translation>
    </message>
</context>
<context>
    <name>Snip</name>
    <message>
        <source>This desktop does not hand out pictures of the screen. Paste or drop a picture instead.</source>
        <translation>Dieser Desktop gibt keine Bilder des Bildschirms heraus. Stattdessen lässt sich ein Bild einfügen oder hierher ziehen.</translation>
    </message>
</context>
<context>
    <name>SourcesPanel</name>
    <message>
        <source>Choose a region on the screen…</source>
        <translation>Bereich auf dem Bildschirm wählen…</translation>
    </message>
    <message>
        <source>Chosen but not connected: {names}.</source>
        <translation>Gewählt, aber nicht angeschlossen: {names}.</translation>
    </message>
    <message>
        <source>Monitors and region</source>
        <translation>Monitore und Bereich</translation>
    </message>
    <message>
        <source>One monitor has to stay on. To record nothing, pause.</source>
        <translation>Ein Monitor muss an bleiben. Um nichts aufzunehmen: pausieren.</translation>
    </message>
    <message>
        <source>Only a region is recorded: {width} × {height}, at {left}, {top}.</source>
        <translation>Nur ein Bereich wird aufgenommen: {width} × {height}, bei {left}, {top}.</translation>
    </message>
    <message>
        <source>Record the monitor {name}</source>
        <translation>Monitor {name} aufnehmen</translation>
    </message>
    <message>
        <source>Record whole monitors</source>
        <translation>Ganze Monitore aufnehmen</translation>
    </message>
    <message>
        <source>Recorded are the monitors that are on here, or only a region of the desktop.</source>
        <translation>Aufgenommen werden die hier eingeschalteten Monitore, oder nur ein Bereich des Desktops.</translation>
    </message>
    <message>
        <source>{name}: {width} × {height}, at {left}, {top}, scale {scale} %</source>
        <translation>{name}: {width} × {height}, bei {left}, {top}, Skalierung {scale} %</translation>
    </message>
</context>
<context>
    <name>Suggestions</name>
    <message>
        <source>Afterimage</source>
        <translation>Afterimage</translation>
    </message>
    <message>
        <source>Afterimage remembers what your screen showed, on this computer only. Ask it in your own words.</source>
        <translation>Afterimage merkt sich, was auf dem Bildschirm war, nur auf diesem Computer. Gefragt wird in eigenen Worten.</translation>
    </message>
    <message>
        <source>What was on your screen?</source>
        <translation>Was war auf dem Bildschirm?</translation>
    </message>
    <message>
        <source>What was the error in the terminal?</source>
        <translation>Was war der Fehler im Terminal?</translation>
    </message>
    <message>
        <source>When did I last look at the price list?</source>
        <translation>Wann habe ich zuletzt die Preisliste angesehen?</translation>
    </message>
    <message>
        <source>Which page did I read before lunch?</source>
        <translation>Welche Seite habe ich vor dem Mittagessen gelesen?</translation>
    </message>
</context>
<context>
    <name>Text</name>
    <message>
        <source>Camera</source>
        <translation>Kamera</translation>
    </message>
    <message>
        <source>Camera {name}</source>
        <translation>Kamera {name}</translation>
    </message>
    <message>
        <source>MMM yyyy</source>
        <translation>MMM yyyy</translation>
    </message>
    <message>
        <source>Screen</source>
        <translation>Bildschirm</translation>
    </message>
    <message>
        <source>Screen {name}</source>
        <translation>Bildschirm {name}</translation>
    </message>
    <message>
        <source>Yesterday {time}</source>
        <translation>Gestern {time}</translation>
    </message>
    <message>
        <source>d MMM</source>
        <translation>d. MMM</translation>
    </message>
    <message>
        <source>d MMM yyyy</source>
        <translation>d. MMM yyyy</translation>
    </message>
    <message>
        <source>ddd d</source>
        <translation>ddd d.</translation>
    </message>
    <message>
        <source>dddd d MMMM</source>
        <translation>dddd, d. MMMM</translation>
    </message>
    <message>
        <source>dddd d MMMM yyyy</source>
        <translation>dddd, d. MMMM yyyy</translation>
    </message>
    <message>
        <source>dddd d MMMM yyyy, HH:mm:ss</source>
        <translation>dddd, d. MMMM yyyy, HH:mm:ss</translation>
    </message>
    <message>
        <source>yesterday {time}</source>
        <translation>gestern {time}</translation>
    </message>
    <message>
        <source>{days} d {hours} h</source>
        <translation>{days} T {hours} h</translation>
    </message>
    <message>
        <source>{hours} h {minutes} min</source>
        <translation>{hours} h {minutes} min</translation>
    </message>
    <message>
        <source>{minutes} min</source>
        <translation>{minutes} min</translation>
    </message>
    <message>
        <source>{seconds} s</source>
        <translation>{seconds} s</translation>
    </message>
</context>
<context>
    <name>TimelineModel</name>
    <message>
        <source>found by meaning</source>
        <translation>der Bedeutung nach gefunden</translation>
    </message>
</context>
<context>
    <name>TimelineWindow</name>
    <message numerus="yes">
        <source>%Ln moment(s)</source>
        <translation>
            <numerusform>%Ln Moment</numerusform>
            <numerusform>%Ln Momente</numerusform>
        </translation>
    </message>
    <message>
        <source>Afterimage: Timeline</source>
        <translation>Afterimage: Zeitleiste</translation>
    </message>
    <message>
        <source>Clear the search first: a span of time is exported, with the other filters.</source>
        <translation>Zuerst die Suche leeren: Exportiert wird ein Zeitraum, mit den übrigen Filtern.</translation>
    </message>
    <message>
        <source>Delete {count}…</source>
        <translation>{count} löschen…</translation>
    </message>
    <message>
        <source>Deletes everything of the day, or of the time that is chosen above</source>
        <translation>Löscht alles von diesem Tag oder aus dem oben gewählten Zeitraum</translation>
    </message>
    <message>
        <source>Deletes the selected moments</source>
        <translation>Löscht die ausgewählten Momente</translation>
    </message>
    <message>
        <source>Delete…</source>
        <translation>Löschen…</translation>
    </message>
    <message>
        <source>Dismiss</source>
        <translation>Schließen</translation>
    </message>
    <message>
        <source>Export to a new folder in</source>
        <translation>Exportieren in einen neuen Ordner unter</translation>
    </message>
    <message>
        <source>Export…</source>
        <translation>Exportieren…</translation>
    </message>
    <message>
        <source>Nothing matches.</source>
        <translation>Nichts passt dazu.</translation>
    </message>
    <message>
        <source>Nothing was recorded on this day.</source>
        <translation>An diesem Tag wurde nichts aufgenommen.</translation>
    </message>
    <message>
        <source>Pictures and text of what is selected, in a folder of your choice</source>
        <translation>Bilder und Text der Auswahl, in einem Ordner nach Wahl</translation>
    </message>
    <message>
        <source>Select moments; or clear the filters to delete a span of time.</source>
        <translation>Momente auswählen; oder die Filter leeren, um einen Zeitraum zu löschen.</translation>
    </message>
</context>
<context>
    <name>Tray</name>
    <message>
        <source>Ask…</source>
        <translation>Fragen…</translation>
    </message>
    <message>
        <source>Memory</source>
        <translation>Gedächtnis</translation>
    </message>
    <message>
        <source>Open the timeline</source>
        <translation>Zeitleiste öffnen</translation>
    </message>
    <message>
        <source>Quit</source>
        <translation>Beenden</translation>
    </message>
    <message>
        <source>Settings…</source>
        <translation>Einstellungen…</translation>
    </message>
    <message>
        <source>Snip and ask…</source>
        <translation>Ausschnitt wählen und fragen…</translation>
    </message>
</context>
<context>
    <name>Viewer</name>
    <message>
        <source>Afterimage: Moment</source>
        <translation>Afterimage: Moment</translation>
    </message>
    <message>
        <source>Ask about this moment</source>
        <translation>Zu diesem Moment fragen</translation>
    </message>
    <message>
        <source>Delete this moment</source>
        <translation>Diesen Moment löschen</translation>
    </message>
    <message>
        <source>Loading…</source>
        <translation>Wird geladen…</translation>
    </message>
    <message>
        <source>Next moment</source>
        <translation>Nächster Moment</translation>
    </message>
    <message>
        <source>No picture is kept of this moment.</source>
        <translation>Von diesem Moment ist kein Bild gespeichert.</translation>
    </message>
    <message>
        <source>Picture of the moment</source>
        <translation>Bild des Moments</translation>
    </message>
    <message>
        <source>Previous moment</source>
        <translation>Voriger Moment</translation>
    </message>
    <message>
        <source>Show every pixel</source>
        <translation>Jedes Pixel zeigen</translation>
    </message>
    <message>
        <source>found by meaning: none of the searched words is here</source>
        <translation>der Bedeutung nach gefunden: keines der gesuchten Wörter steht hier</translation>
    </message>
</context>
<context>
    <name>Welcome</name>
    <message>
        <source>A still screen is seen once, not again and again.</source>
        <translation>Ein Bildschirm, auf dem sich nichts tut, wird einmal gesehen, nicht immer wieder.</translation>
    </message>
    <message>
        <source>Afterimage looks at your screen, so that you can ask about it later.</source>
        <translation>Afterimage sieht den Bildschirm an, damit sich später danach fragen lässt.</translation>
    </message>
    <message>
        <source>Afterimage: Welcome</source>
        <translation>Afterimage: Willkommen</translation>
    </message>
    <message>
        <source>All of it can be changed later, in the settings.</source>
        <translation>Alles lässt sich später in den Einstellungen ändern.</translation>
    </message>
    <message>
        <source>Back</source>
        <translation>Zurück</translation>
    </message>
    <message>
        <source>Continue</source>
        <translation>Weiter</translation>
    </message>
    <message>
        <source>For a time and a size you choose</source>
        <translation>Für eine Zeit und Größe nach Wahl</translation>
    </message>
    <message>
        <source>How you use it</source>
        <translation>Wie man es benutzt</translation>
    </message>
    <message>
        <source>In one folder</source>
        <translation>In einem Ordner</translation>
    </message>
    <message>
        <source>It starts only when you say so</source>
        <translation>Es beginnt erst nach Zustimmung</translation>
    </message>
    <message>
        <source>It works with the network off.</source>
        <translation>Es läuft auch ohne Netz.</translation>
    </message>
    <message>
        <source>No account, no server, no statistics</source>
        <translation>Kein Konto, kein Server, keine Statistik</translation>
    </message>
    <message>
        <source>No sound, no keys, no camera</source>
        <translation>Kein Ton, keine Tasten, keine Kamera</translation>
    </message>
    <message>
        <source>Not now</source>
        <translation>Nicht jetzt</translation>
    </message>
    <message>
        <source>Not what you exclude</source>
        <translation>Nicht, was ausgeschlossen ist</translation>
    </message>
    <message>
        <source>Nothing. The model runs here; questions and answers stay here.</source>
        <translation>Nichts. Das Modell läuft hier; Fragen und Antworten bleiben hier.</translation>
    </message>
    <message>
        <source>Old pictures are thinned out first; the settings say how much and how long.</source>
        <translation>Alte Bilder werden zuerst ausgedünnt; die Einstellungen sagen, wie viel und wie lange.</translation>
    </message>
    <message>
        <source>On this computer, in a folder that only your user account may open.</source>
        <translation>Auf diesem Computer, in einem Ordner, den nur das eigene Benutzerkonto öffnen darf.</translation>
    </message>
    <message>
        <source>Only the picture, the windows&apos; titles, and the text that can be read in it.</source>
        <translation>Nur das Bild, die Titel der Fenster und der Text, der darin zu lesen ist.</translation>
    </message>
    <message>
        <source>Page {page} of {pages}</source>
        <translation>Seite {page} von {pages}</translation>
    </message>
    <message>
        <source>Password managers and private browsing are left out from the start; you can add more.</source>
        <translation>Passwortmanager und privates Surfen bleiben von Anfang an außen vor; weitere lassen sich hinzufügen.</translation>
    </message>
    <message>
        <source>Start recording</source>
        <translation>Aufnahme starten</translation>
    </message>
    <message>
        <source>The last ten minutes, an hour, today or everything: gone from disk and from memory.</source>
        <translation>Die letzten zehn Minuten, eine Stunde, heute oder alles: weg von der Platte und aus dem Gedächtnis.</translation>
    </message>
    <message>
        <source>The light in the window and in the tray tells the truth; pausing takes one press.</source>
        <translation>Das Licht im Fenster und im Infobereich sagt die Wahrheit; zum Pausieren genügt ein Druck.</translation>
    </message>
    <message>
        <source>Until you press Start recording, not one picture is taken.</source>
        <translation>Vor dem Druck auf „Aufnahme starten“ entsteht kein einziges Bild.</translation>
    </message>
    <message>
        <source>Until you say forget</source>
        <translation>Bis zum Vergessen</translation>
    </message>
    <message>
        <source>What changes on your screens</source>
        <translation>Was sich auf den Bildschirmen ändert</translation>
    </message>
    <message>
        <source>What is recorded</source>
        <translation>Was aufgenommen wird</translation>
    </message>
    <message>
        <source>What leaves this computer</source>
        <translation>Was diesen Computer verlässt</translation>
    </message>
    <message>
        <source>Where it is kept</source>
        <translation>Wo es liegt</translation>
    </message>
    <message>
        <source>You can see and stop it at any time</source>
        <translation>Jederzeit zu sehen und anzuhalten</translation>
    </message>
</context>
<context>
    <name>WindowBar</name>
    <message>
        <source>History…</source>
        <translation>Verlauf…</translation>
    </message>
    <message>
        <source>Memory</source>
        <translation>Gedächtnis</translation>
    </message>
    <message>
        <source>More</source>
        <translation>Mehr</translation>
    </message>
    <message>
        <source>New conversation</source>
        <translation>Neues Gespräch</translation>
    </message>
    <message>
        <source>Pause</source>
        <translation>Pause</translation>
    </message>
    <message>
        <source>Quit</source>
        <translation>Beenden</translation>
    </message>
    <message>
        <source>Resume</source>
        <translation>Fortsetzen</translation>
    </message>
    <message>
        <source>Settings</source>
        <translation>Einstellungen</translation>
    </message>
    <message>
        <source>Snip and ask</source>
        <translation>Ausschnitt wählen und fragen</translation>
    </message>
    <message>
        <source>Start recording</source>
        <translation>Aufnahme starten</translation>
    </message>
    <message>
        <source>Timeline</source>
        <translation>Zeitleiste</translation>
    </message>
</context>
<context>
    <name>WorkDialog</name>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>Waiting for the engine.</source>
        <translation>Warten auf den Dienst.</translation>
    </message>
</context>
<context>
    <name>WorkStrip</name>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>Cancel: {work}</source>
        <translation>Abbrechen: {work}</translation>
    </message>
    <message>
        <source>{share} %  ·  {work}</source>
        <translation>{share} %  ·  {work}</translation>
    </message>
</context>
</TS>
