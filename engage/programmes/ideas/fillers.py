"""Words that are frequent in any text and tell nothing about its matter, folded, by language.

Wider than what the search leaves out (`similar`): somebody may search for "one", but "one" is no
theme of a call for ideas.
"""

from __future__ import annotations

_ENGLISH = """
    above after again ago all almost alone along already also although always among and another any
    anyone anything are around aside away back because been before behind being below beside best
    better between beyond both bring brought came can cannot come comes could currently day days did
    does doing done down during each early either else enough even ever every everybody everyone
    everything face faces far few first five for found four free from full further get gets getting give given
    gives goes going gone good great had half happen happens hard has have having her here him his
    hour hours how however hundred idea instead into its itself just keep keeps kind knew know knows
    last late later least leave left less let lets like little long look looks lot made make makes
    making many may maybe mean means might minute minutes month months more most much must near
    nearly need needed needs never new next nobody none nothing now off often old once one ones only
    onto open other others our out over own part people per perhaps place places put puts quite
    rather really right said same saw say says second see seen set several shall she should show
    shows since six small some somebody someone something sometimes somewhere soon still stop such
    take taken takes ten than that the their them themselves then there therefore these they thing
    things think third this those though thousand three through thus till time times today together
    told too took toward towards try twelve twenty twice two under until upon use used uses using
    usually very want wanted wants was way ways week weeks well went were what whatever when where
    whether which while who whole whom whose why will with within without work works would year
    years yes yet you your
"""
_FRENCH = """
    afin ailleurs ainsi alors ans annee annees apres assez auquel aucun aucune aujourd aujourd'hui
    auparavant aupres aura auraient aurait aussi aussitot autant autour autre autres autrefois aux
    avaient avait avant avec avez avoir avons bas beaucoup bien bientot bon bonne bons cela celle
    celles celui cent cependant certain certaine certaines certains ces cet cette ceux chacun
    chacune chaque chez cinq cinquante combien comme comment contre dans debut dehors deja dela
    demain depuis derriere des desormais dessous dessus deux deuxieme devant devoir devrait
    devraient dire dit dix doit doivent donc donne donner dont douze droit durant elle elles encore
    enfin ensemble ensuite entre entier entiere est etaient etait etant ete etes etre eux exemple
    faire fait faites faut fin fois font force grace grand grande grandes grands gros haut heure
    heures hier hors huit hui ici idee ils jamais jour jours jusqu jusque jusqu'a laisse laisser
    laquelle lequel les lesquels leur leurs lieu loin longtemps lorsque lui maintenant mais mal
    matin meilleur meilleure meme memes mettre mille mieux minute minutes mis mise moi moins mois
    moitie mon monde moyen neuf nombreux non nos notre nous nouveau nouveaux nouvelle nouvelles nul
    onze ont oui ouvert ouverte ouvrir par parce parfois parmi part partie partir partout pas passe passer
    pendant permet permettre permettrait personne personnes petit petite petites petits peu peut
    peuvent place plein plupart plus plusieurs plutot point possible pour pourquoi pourrait
    pourraient pouvoir pratique premier premiere prendre presque pres prochain prochaine puis
    puisque quand quarante quatre quel quelle quelles quelqu quelque quelques quels qui quinze quoi
    quoique rend rendre reste rester rien sait sans sauf savoir selon semaine semaines sept sera
    seraient serait seront ses seul seule seulement seuls sinon soient soir sommes sont sorte sous
    souvent suffit suffirait suffiraient suis sur surtout tandis tant tard tel telle tellement tels
    temps tenir toi tot toujours tous tout toute toutes travers tres trois trop trouve trouver unique vers
    veut veulent vient viennent vingt voici voila voir vont vos votre voudrait vous vrai vraie
    vraiment
"""
_DUTCH = """
    alle alleen alles altijd andere beter daar daarom deze dit door eerste elk elke enkele geen
    genoeg goed graag haar had heb hebben heeft heel hem hen hier hoe hun iedereen iemand iets jaar
    kan kunnen laten maken meer meest men moet moeten mogen nieuw nieuwe niemand niets nog nooit
    omdat ons onze onder ook soms steeds toch toen tussen twee veel vaak waar waarom wanneer want
    weer weinig wel welke werd wie wil willen worden wordt zal zeer zich zo zou zouden zonder
"""
_GERMAN = """
    alle allem allen aller alles andere anderen beim besser bisher bitte dabei dafur damit dann
    daran daraus darf dass dazu dein deren dessen dies diese diesem diesen dieser dieses doch dort
    durch eben eigene einfach einige einmal erst etwas euch ganz geben gegen geht gibt gut haben
    hatte hier hinter immer jede jedem jeden jeder jedes jetzt jemand kann kein keine konnen konnte
    lassen machen macht mal manche mehrere mein meist muss mussen nach neben neu neue nichts nie
    niemand noch nur oben oft ohne schon sehr seit sein seine selbst sollen sollte sollten sonst
    uber uns unser unsere unten unter viel viele vielleicht vom wann warum weil weiter welche wenig
    wenn werden wieder wird wohl wollen worden wurde wurden zwei zwischen
"""

FILLERS = frozenset(f"{_ENGLISH} {_FRENCH} {_DUTCH} {_GERMAN}".split())
