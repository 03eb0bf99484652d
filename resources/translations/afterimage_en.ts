<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="en_US">
<context>
    <name>AskWindow</name>
    <message numerus="yes">
        <source>%Ln moment(s)</source>
        <translation>
            <numerusform>%Ln moment</numerusform>
            <numerusform>%Ln moments</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Controls</name>
    <message numerus="yes">
        <source>Delete these %Ln moment(s)?</source>
        <translation>
            <numerusform>Delete this %Ln moment?</numerusform>
            <numerusform>Delete these %Ln moments?</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Forgotten. %Ln moment(s) deleted.</source>
        <translation>
            <numerusform>Forgotten. %Ln moment deleted.</numerusform>
            <numerusform>Forgotten. %Ln moments deleted.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>HistoryWindow</name>
    <message numerus="yes">
        <source>%Ln question(s)</source>
        <translation>
            <numerusform>%Ln question</numerusform>
            <numerusform>%Ln questions</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>MomentGrid</name>
    <message numerus="yes">
        <source>Delete %Ln moment(s)…</source>
        <translation>
            <numerusform>Delete %Ln moment…</numerusform>
            <numerusform>Delete %Ln moments…</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>TimelineWindow</name>
    <message numerus="yes">
        <source>%Ln moment(s)</source>
        <translation>
            <numerusform>%Ln moment</numerusform>
            <numerusform>%Ln moments</numerusform>
        </translation>
    </message>
</context>
</TS>
